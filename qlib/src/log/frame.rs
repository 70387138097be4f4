//! A message with its length and its checksum.

use bytes::Bytes;
use prost::Message;

use crate::wire::proto::log as proto;

/// Bytes before the message: its length and the checksum of both.
pub(crate) const HEAD: usize = 8;

/// Fills in the head of a frame, which is `HEAD` bytes of room and a message.
pub(crate) fn finish(frame: &mut [u8]) {
    let (head, message) = frame.split_at_mut(HEAD);
    let length = (message.len() as u32).to_le_bytes();
    head[..4].copy_from_slice(&length);
    head[4..].copy_from_slice(&checksum(length, message).to_le_bytes());
}

fn checksum(length: [u8; 4], message: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length), message)
}

/// A message as a frame.
pub(crate) fn frame(message: &impl Message) -> Vec<u8> {
    let mut frame = vec![0; HEAD];
    frame.extend(message.encode_to_vec());
    finish(&mut frame);
    frame
}

/// The message of the frame at `offset`, if there is a good one.
pub(crate) fn read(bytes: &Bytes, offset: usize) -> Option<Bytes> {
    let word = |at: usize| {
        let word = bytes.get(offset + at..offset + at + 4)?;
        word.try_into().ok()
    };
    let length: [u8; 4] = word(0)?;
    let start = offset + HEAD;
    let end = start.checked_add(u32::from_le_bytes(length) as usize)?;
    if end == start || end > bytes.len() {
        return None;
    }
    let sum = u32::from_le_bytes(word(4)?);
    (sum == checksum(length, &bytes[start..end])).then(|| bytes.slice(start..end))
}

/// The batches in good frames behind `offset`, wherever they begin.
pub(crate) fn search(bytes: &Bytes, offset: usize) -> impl Iterator<Item = proto::Batch> {
    let mut at = offset;
    std::iter::from_fn(move || {
        while at + HEAD < bytes.len() {
            // Every batch begins with the key of its revision.
            let found = match bytes[at + HEAD] {
                BATCH => read(bytes, at),
                _ => None,
            };
            at += found.as_ref().map_or(1, |message| HEAD + message.len());
            if let Some(batch) = found.and_then(|message| proto::Batch::decode(message).ok()) {
                return Some(batch);
            }
        }
        None
    })
}

/// The key of a batch's revision.
const BATCH: u8 = 1 << 3;

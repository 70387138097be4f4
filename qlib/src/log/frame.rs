//! A message with its length and its checksum: what the files of a store are made of. See
//! `proto/qlib/log.proto`.

use std::io::{self, Read};

use bytes::Bytes;
use prost::Message;

/// Bytes before the message: its length and the checksum of both.
pub(crate) const HEAD: usize = 8;

/// Bytes for which room is made because a length says that they come.
const LIKELY: u32 = 1 << 20;

/// Fills in the head of a frame, which is `HEAD` bytes of room and a message; gives the checksum.
pub(crate) fn finish(frame: &mut [u8]) -> u32 {
    let (head, message) = frame.split_at_mut(HEAD);
    let length = (message.len() as u32).to_le_bytes();
    let checksum = checksum(length, message);
    head[..4].copy_from_slice(&length);
    head[4..].copy_from_slice(&checksum.to_le_bytes());
    checksum
}

fn checksum(length: [u8; 4], message: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length), message)
}

/// A message as a frame.
pub(super) fn frame(message: &impl Message) -> Vec<u8> {
    let mut frame = vec![0; HEAD];
    frame.extend(message.encode_to_vec());
    finish(&mut frame);
    frame
}

/// Bytes of the frame with which `bytes` begin, good or not, as far as its head is there.
pub(super) fn length(bytes: &Bytes) -> u64 {
    let Some(length) = bytes.first_chunk() else {
        return 0;
    };
    HEAD as u64 + u64::from(u32::from_le_bytes(*length))
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

/// The message of the next frame and its checksum, if there is a good one.
pub(super) fn read_next(input: &mut impl Read) -> io::Result<Option<(Bytes, u32)>> {
    let mut head = Vec::with_capacity(HEAD);
    input.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let [a, b, c, d, e, f, g, h] = head[..] else {
        return Ok(None);
    };
    let (length, sum) = ([a, b, c, d], u32::from_le_bytes([e, f, g, h]));
    let stated = u32::from_le_bytes(length);
    let mut message = Vec::with_capacity(stated.min(LIKELY) as usize);
    input
        .by_ref()
        .take(stated.into())
        .read_to_end(&mut message)?;
    let good = message.len() == stated as usize && checksum(length, &message) == sum;
    Ok(good.then(|| (message.into(), sum)))
}

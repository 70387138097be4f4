//! Frames: what the files of a store are made of. See `proto/qlib/log.proto`.

use std::io::{self, Read, Write};

/// Bytes in front of a message: its length and the checksum.
pub(crate) const HEAD: usize = 8;

/// Bytes that are read at once of a message whose length may be wrong.
const STEP: u64 = 1 << 20;

/// The CRC-32C of a length and of the message that has it.
fn checksum(length: u32, message: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length.to_le_bytes()), message)
}

/// Writes a frame; gives its checksum.
pub(crate) fn write(output: &mut impl Write, message: &[u8]) -> io::Result<u32> {
    let length = u32::try_from(message.len())
        .map_err(|_| io::Error::other("a frame holds at most 4 GiB"))?;
    let checksum = checksum(length, message);
    output.write_all(&length.to_le_bytes())?;
    output.write_all(&checksum.to_le_bytes())?;
    output.write_all(message)?;
    Ok(checksum)
}

/// Reads the next frame: its message and its checksum. `None` where no whole and intact frame is.
pub(crate) fn read(input: &mut impl Read) -> io::Result<Option<(Vec<u8>, u32)>> {
    let mut head = Vec::with_capacity(HEAD);
    input.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let [a, b, c, d, e, f, g, h] = head[..] else {
        return Ok(None);
    };
    let length = u32::from_le_bytes([a, b, c, d]);
    let stated = u32::from_le_bytes([e, f, g, h]);
    let mut message = Vec::with_capacity(u64::from(length).min(STEP) as usize);
    input
        .by_ref()
        .take(length.into())
        .read_to_end(&mut message)?;
    let intact = message.len() as u64 == u64::from(length) && checksum(length, &message) == stated;
    Ok(intact.then_some((message, stated)))
}

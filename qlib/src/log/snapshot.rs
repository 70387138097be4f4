//! A snapshot as a stream of frames. What is in it, the tree knows.

use std::io::{self, Read, Write};

use prost::Message;

use crate::log::frame;
use crate::wire::SNAPSHOT_VERSION;
use crate::wire::proto::snapshot::{Footer, Part as Frame, part::Part};

/// Why a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is damaged at byte {offset}: {reason}")]
    Damaged { offset: u64, reason: &'static str },
    #[error("it has format {0}, this version of qlib reads {SNAPSHOT_VERSION}; use a newer one")]
    Newer(u32),
}

/// Writes the parts of a snapshot.
#[derive(Debug)]
pub(crate) struct Writer<W> {
    output: W,
    footer: Footer,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(output: W) -> Self {
        Self {
            output,
            footer: Footer::default(),
        }
    }

    /// Writes one part; the header is the first.
    pub(crate) fn write(&mut self, part: Part) -> io::Result<()> {
        let mut bytes = vec![0; frame::HEAD];
        bytes.extend(Frame { part: Some(part) }.encode_to_vec());
        let checksum = frame::finish(&mut bytes);
        self.output.write_all(&bytes)?;
        let footer = &mut self.footer;
        footer.frames += 1;
        footer.checksum = crc32c::crc32c_append(footer.checksum, &checksum.to_le_bytes());
        Ok(())
    }

    /// Writes the footer, without which the snapshot is none.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.write(Part::Footer(self.footer))?;
        self.output.flush()?;
        Ok(self.output)
    }
}

/// Reads the parts of a snapshot.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    input: R,
    read: Footer,
    /// Where the last frame begins, and where it ends.
    begin: u64,
    end: u64,
}

impl<R: Read> Reader<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            read: Footer::default(),
            begin: 0,
            end: 0,
        }
    }

    /// Bytes that were read.
    pub(crate) fn offset(&self) -> u64 {
        self.end
    }

    /// What is wrong at the frame that was read last.
    pub(crate) fn damaged(&self, reason: &'static str) -> Fault {
        Fault::Damaged {
            offset: self.begin,
            reason,
        }
    }

    /// The next part; `None` after the footer, which was right.
    pub(crate) fn next(&mut self) -> Result<Option<Part>, Fault> {
        self.begin = self.end;
        let Some((message, checksum)) = frame::read_next(&mut self.input)? else {
            return Err(self.damaged("no whole frame, or one with a wrong checksum"));
        };
        self.end += (frame::HEAD + message.len()) as u64;
        let part = Frame::decode(message)
            .ok()
            .and_then(|frame| frame.part)
            .ok_or_else(|| self.damaged("a frame that is no part of a snapshot"))?;
        if let Part::Header(header) = &part
            && header.version != SNAPSHOT_VERSION
        {
            return Err(Fault::Newer(header.version));
        }
        if let Part::Footer(footer) = &part {
            return match *footer == self.read {
                true => Ok(None),
                false => Err(self.damaged("frames before the end are missing or exchanged")),
            };
        }
        self.read.frames += 1;
        self.read.checksum = crc32c::crc32c_append(self.read.checksum, &checksum.to_le_bytes());
        Ok(Some(part))
    }
}

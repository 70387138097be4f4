//! JSON, token by token.

use std::io::Read;

/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    /// One of `{ } [ ] , :`
    Mark(u8),
    Text(String),
    /// A number, `true`, `false` or `null`, as it was written.
    Word(String),
    End,
}

/// Why what stands there is no JSON.
pub(super) type Lexed<T> = Result<T, String>;

pub(super) struct Lexer<R> {
    input: R,
    buffer: Vec<u8>,
    at: usize,
    line: usize,
}

impl<R: Read> Lexer<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            at: 0,
            line: 1,
        }
    }

    /// The line that was read last, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    pub(super) fn next(&mut self) -> Lexed<Token> {
        while let Some(byte) = self.peek()? {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                b'"' => {
                    self.at += 1;
                    return Ok(Token::Text(self.text()?));
                }
                b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                    self.at += 1;
                    return Ok(Token::Mark(byte));
                }
                _ => return self.word().map(Token::Word),
            }
            self.at += 1;
        }
        Ok(Token::End)
    }

    fn peek(&mut self) -> Lexed<Option<u8>> {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
            let mut some = self.input.by_ref().take(BUFFER as u64);
            some.read_to_end(&mut self.buffer)
                .map_err(|error| error.to_string())?;
        }
        Ok(self.buffer.get(self.at).copied())
    }

    fn bump(&mut self) -> Lexed<u8> {
        let byte = self.peek()?.ok_or("the text ends inside of a string")?;
        self.at += 1;
        Ok(byte)
    }

    fn word(&mut self) -> Lexed<String> {
        let mut word = String::new();
        while let Some(byte) = self.peek()?
            && (byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
        {
            word.push(byte.into());
            self.at += 1;
        }
        match word.is_empty() {
            true => Err("there is no value here".to_owned()),
            false => Ok(word),
        }
    }

    /// A text whose first quote was read.
    fn text(&mut self) -> Lexed<String> {
        let mut bytes = Vec::new();
        loop {
            match self.bump()? {
                b'"' => break,
                b'\\' => self.escaped(&mut bytes)?,
                0..b' ' => return Err("a string ends on its line; write \\n".to_owned()),
                byte => bytes.push(byte),
            }
        }
        String::from_utf8(bytes).map_err(|_| "a string is UTF-8".to_owned())
    }

    fn escaped(&mut self, bytes: &mut Vec<u8>) -> Lexed<()> {
        let byte = match self.bump()? {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 0x08,
            b'f' => 0x0c,
            same @ (b'"' | b'\\' | b'/') => same,
            b'u' => {
                let mut units = vec![self.unit()?];
                if matches!(units[0], 0xd800..0xdc00) {
                    if (self.bump()?, self.bump()?) != (b'\\', b'u') {
                        return Err("half a character".to_owned());
                    }
                    units.push(self.unit()?);
                }
                let character = String::from_utf16(&units).map_err(|_| "half a character")?;
                bytes.extend(character.bytes());
                return Ok(());
            }
            _ => return Err("after \\ stands one of \" \\ / b f n r t u".to_owned()),
        };
        bytes.push(byte);
        Ok(())
    }

    fn unit(&mut self) -> Lexed<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.bump()?).to_digit(16);
            unit = unit << 4 | digit.ok_or("after \\u stand four hexadecimal digits")? as u16;
        }
        Ok(unit)
    }
}

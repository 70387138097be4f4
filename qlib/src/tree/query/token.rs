//! Page tokens: where the page before ended, as text.

use smol_str::SmolStr;

use crate::model::{EntityId, Error, Kind, PageToken, Query, Result, Timestamp, Value};

/// Where a page ended.
pub(super) struct Cursor {
    /// What the last entity was ordered by.
    pub(super) key: Option<Value>,
    /// The last entity.
    pub(super) id: EntityId,
    /// How many more the query gives at most.
    pub(super) left: usize,
}

impl Cursor {
    /// The cursor as text: the query's fingerprint, what is left, the id, then the key, in
    /// hexadecimal digits.
    pub(super) fn token(&self, query: &Query) -> PageToken {
        let mut bytes = query.fingerprint().to_be_bytes().to_vec();
        bytes.extend((self.left as u64).to_be_bytes());
        bytes.extend(self.id.as_u128().to_be_bytes());
        match &self.key {
            Some(Value::Int(value)) => bytes.extend(value.to_be_bytes()),
            Some(Value::Float(value)) => bytes.extend(value.to_bits().to_be_bytes()),
            Some(Value::Timestamp(value)) => bytes.extend(value.as_nanos().to_be_bytes()),
            Some(Value::String(text)) => {
                bytes.push(b'"');
                bytes.extend(text.as_bytes());
            }
            _ => {}
        }
        let digit = |four: u8| char::from_digit(four.into(), 16).unwrap_or_default();
        let digits = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
        PageToken::from(bytes.iter().flat_map(digits).collect::<String>())
    }

    /// The cursor in a token; `order` is the kind of the field by which the query orders.
    pub(super) fn parse(token: &PageToken, query: &Query, order: Option<Kind>) -> Result<Self> {
        read(token.as_str(), query, order).ok_or_else(|| Error::BadPageToken {
            token: SmolStr::from(token.as_str()),
        })
    }
}

fn read(token: &str, query: &Query, order: Option<Kind>) -> Option<Cursor> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = token.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8))
        .collect::<Option<Vec<u8>>>()
        .filter(|_| rest.is_empty())?;
    let (fingerprint, bytes) = bytes.split_first_chunk()?;
    let (left, bytes) = bytes.split_first_chunk()?;
    let (id, key) = bytes.split_first_chunk()?;
    if u64::from_be_bytes(*fingerprint) != query.fingerprint() {
        return None;
    }
    let number = || key.try_into().ok().map(i64::from_be_bytes);
    let key = match order {
        _ if key.is_empty() => None,
        Some(Kind::Int) => Some(Value::Int(number()?)),
        Some(Kind::Float) => Some(Value::Float(f64::from_bits(number()?.cast_unsigned()))),
        Some(Kind::Timestamp) => Some(Value::Timestamp(Timestamp::from_nanos(number()?))),
        Some(Kind::String) => {
            let text = key.strip_prefix(b"\"")?;
            Some(Value::String(std::str::from_utf8(text).ok()?.into()))
        }
        _ => return None,
    };
    Some(Cursor {
        key,
        id: EntityId::from_u128(u128::from_be_bytes(*id)),
        left: usize::try_from(u64::from_be_bytes(*left)).unwrap_or(usize::MAX),
    })
}

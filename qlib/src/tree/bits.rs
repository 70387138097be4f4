//! Which slots of a chunk.

use std::ops::{BitAnd, BitOr};

use crate::tree::chunked::CHUNK;

/// One bit for each slot of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bits([u64; CHUNK / 64]);

impl Bits {
    pub(crate) const NONE: Self = Self([0; CHUNK / 64]);

    /// The slots that pass. Tests all of them, so that the compiler can test many at once.
    #[inline]
    pub(crate) fn of<T>(slots: &[T; CHUNK], test: impl Fn(&T) -> bool) -> Self {
        let mut passed = [0u8; CHUNK];
        for (passed, slot) in passed.iter_mut().zip(slots) {
            *passed = test(slot).into();
        }
        let mut bits = Self::NONE;
        for (at, eight) in passed.as_chunks::<8>().0.iter().enumerate() {
            // The product brings the low bits of eight bytes together in its top byte.
            let byte = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            bits.0[at / 8] |= byte << (at % 8 * 8);
        }
        bits
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    #[inline]
    pub(crate) fn contains(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 != 0
    }

    /// Puts a slot in, or takes it out.
    #[inline]
    pub(crate) fn set(&mut self, at: usize, is_in: bool) {
        let (word, bit) = (&mut self.0[at / 64], at % 64);
        *word = *word & !(1 << bit) | u64::from(is_in) << bit;
    }

    /// Without the slots of `other`.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & !other.0[at]))
    }

    /// Those of the slots that pass. Tests no others.
    #[inline]
    pub(crate) fn filter(self, mut test: impl FnMut(usize) -> bool) -> Self {
        let mut passed = Self::NONE;
        for at in self {
            passed.0[at / 64] |= u64::from(test(at)) << (at % 64);
        }
        passed
    }
}

impl BitAnd for Bits {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & other.0[at]))
    }
}

impl BitOr for Bits {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }
}

impl IntoIterator for Bits {
    type Item = usize;
    type IntoIter = Ones;

    #[inline]
    fn into_iter(self) -> Ones {
        Ones {
            bits: self,
            word: 0,
        }
    }
}

/// The slots of [`Bits`], in order.
pub(crate) struct Ones {
    bits: Bits,
    word: usize,
}

impl Iterator for Ones {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while let Some(word) = self.bits.0.get_mut(self.word) {
            if *word != 0 {
                let bit = word.trailing_zeros() as usize;
                *word &= *word - 1;
                return Some(self.word * 64 + bit);
            }
            self.word += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_are_a_set(values in prop::collection::vec(0u32..4, CHUNK), other in prop::collection::vec(0u32..4, CHUNK)) {
            let (a, b): (&[u32; CHUNK], &[u32; CHUNK]) =
                (values.as_slice().try_into().unwrap(), other.as_slice().try_into().unwrap());
            let (one, two) = (Bits::of(a, |value| *value == 1), Bits::of(b, |value| *value >= 2));
            let slots = |test: &dyn Fn(usize) -> bool| (0..CHUNK).filter(|at| test(*at)).collect::<Vec<_>>();
            let list = |bits: Bits| bits.into_iter().collect::<Vec<_>>();
            prop_assert_eq!(list(one), slots(&|at| a[at] == 1));
            prop_assert_eq!(list(one & two), slots(&|at| a[at] == 1 && b[at] >= 2));
            prop_assert_eq!(list(one | two), slots(&|at| a[at] == 1 || b[at] >= 2));
            prop_assert_eq!(list(two.minus(one)), slots(&|at| a[at] != 1 && b[at] >= 2));
            prop_assert_eq!(list(one.filter(|at| b[at] == 0)), slots(&|at| a[at] == 1 && b[at] == 0));
            let mut both = one;
            for (at, value) in a.iter().enumerate() {
                prop_assert_eq!(one.contains(at), *value == 1);
                both.set(at, two.contains(at));
            }
            prop_assert_eq!(both, two);
        }
    }
}

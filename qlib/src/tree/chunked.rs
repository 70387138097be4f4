//! A long array in chunks that snapshots share until one is written.

use triomphe::Arc;

/// Slots of one chunk.
pub(crate) const CHUNK: usize = 256;

/// Chunks of type `C`, each made when it is first written. A clone shares all of them; a write then
/// copies the one chunk that it touches.
#[derive(Debug)]
pub(crate) struct Chunked<C> {
    // Behind an `Arc` of its own, so that a clone costs one count and not one per chunk.
    chunks: Arc<[Option<Arc<C>>]>,
}

impl<C> Clone for Chunked<C> {
    fn clone(&self) -> Self {
        Self {
            chunks: Arc::clone(&self.chunks),
        }
    }
}

impl<C> Default for Chunked<C> {
    fn default() -> Self {
        Self {
            chunks: Arc::from_iter([]),
        }
    }
}

impl<C: Clone + Default> Chunked<C> {
    /// The chunk that holds `slot`, unless none of its slots was ever written.
    #[inline]
    pub(crate) fn chunk(&self, slot: usize) -> Option<&C> {
        self.chunks.get(slot / CHUNK)?.as_deref()
    }

    /// The chunk that holds `slot`, to write to.
    #[inline]
    pub(crate) fn chunk_mut(&mut self, slot: usize) -> &mut C {
        let at = slot / CHUNK;
        if at >= self.chunks.len() || !self.chunks.is_unique() {
            self.renew(at);
        }
        match Arc::get_mut(&mut self.chunks) {
            Some(chunks) => Arc::make_mut(chunks[at].get_or_insert_default()),
            None => unreachable!("a list of chunks that was just made is shared"),
        }
    }

    /// Lists the chunks anew, with room for one at `at`: twice as much as before where it grows.
    #[cold]
    fn renew(&mut self, at: usize) {
        let room = match self.chunks.len() {
            enough if at < enough => enough,
            _ => (at + 1).next_power_of_two(),
        };
        let listed = self.chunks.iter().cloned();
        self.chunks = listed.chain(std::iter::repeat(None)).take(room).collect();
    }

    /// How many chunks the two do not share.
    pub(crate) fn unshared(&self, other: &Self) -> usize {
        let longest = self.chunks.len().max(other.chunks.len());
        (0..longest)
            .filter(|at| {
                match (
                    self.chunks.get(*at).and_then(Option::as_ref),
                    other.chunks.get(*at).and_then(Option::as_ref),
                ) {
                    (Some(a), Some(b)) => !Arc::ptr_eq(a, b),
                    (None, None) => false,
                    _ => true,
                }
            })
            .count()
    }
}

/// A chunk of plain slots.
#[derive(Clone, Debug)]
pub(crate) struct Slots<T>(pub(crate) [T; CHUNK]);

impl<T: Default> Default for Slots<T> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| T::default()))
    }
}

impl<T: Clone + Default> Chunked<Slots<T>> {
    /// The slot's content, unless it was never written.
    #[inline]
    pub(crate) fn get(&self, slot: usize) -> Option<&T> {
        self.chunk(slot).map(|chunk| &chunk.0[slot % CHUNK])
    }

    /// The slot's content, to write to.
    #[inline]
    pub(crate) fn get_mut(&mut self, slot: usize) -> &mut T {
        &mut self.chunk_mut(slot).0[slot % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_had_while_the_other_is_written_and_grows() {
        let mut grows = Chunked::<Slots<u32>>::default();
        *grows.get_mut(5) = 1;
        *grows.get_mut(CHUNK) = 2;
        let clone = grows.clone();
        *grows.get_mut(5) = 3;
        *grows.get_mut(9 * CHUNK) = 4;
        let held = |chunked: &Chunked<Slots<u32>>| {
            [5, CHUNK, 2 * CHUNK, 9 * CHUNK, 99 * CHUNK].map(|slot| chunked.get(slot).copied())
        };
        assert_eq!(held(&clone), [Some(1), Some(2), None, None, None]);
        assert_eq!(held(&grows), [Some(3), Some(2), None, Some(4), None]);
        assert_eq!(grows.unshared(&clone), 2);
    }
}

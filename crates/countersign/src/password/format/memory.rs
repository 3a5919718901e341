//! The memory that hashes are computed in, used again and again: fresh pages for every hash cost more than anything else
//! that could be tuned.

use argon2::Block;
use zeroize::Zeroize;

/// Memory that a thread computes argon2 in. It grows to what is asked for and is given back by [`Memory::release`].
#[derive(Default)]
pub(crate) struct Memory(pub(super) Vec<Block>);

impl Memory {
    pub(super) fn at_least(&mut self, blocks: usize) -> &mut [Block] {
        if self.0.len() < blocks {
            self.release(); // first the old memory goes, then the new one comes
            self.0.resize(blocks, Block::new());
        }
        &mut self.0
    }

    /// Gives the memory back to the system, after wiping it: what argon2 left in it is as good as the hash.
    pub(crate) fn release(&mut self) {
        for block in &mut self.0 {
            block.zeroize();
        }
        self.0 = Vec::new();
    }
}

//! The kinds of tokens that have prices of their own.

/// A kind of token. Reasoning is output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenKind {
    Input,
    /// Input read from the provider's cache.
    InputCached,
    /// Input written to the cache for its usual life.
    CacheWrite,
    /// Input written to the cache for longer (an hour or more).
    CacheWriteLong,
    AudioIn,
    AudioCached,
    ImageIn,
    ImageCached,
    Output,
    AudioOut,
    ImageOut,
}

use TokenKind::{
    AudioCached, AudioIn, AudioOut, CacheWrite, CacheWriteLong, ImageCached, ImageIn, ImageOut,
    Input, InputCached, Output,
};

const INPUTS: &[TokenKind] = &[Input, AudioIn, ImageIn];
const OUTPUTS: &[TokenKind] = &[Output, AudioOut, ImageOut];

impl TokenKind {
    pub const ALL: [Self; 11] = [
        Input,
        InputCached,
        CacheWrite,
        CacheWriteLong,
        AudioIn,
        AudioCached,
        ImageIn,
        ImageCached,
        Output,
        AudioOut,
        ImageOut,
    ];

    /// Whose prices stand in where this kind has none: the dearest of the first group that has
    /// any. Fresh input stands in for cached input, never the other way round.
    pub(super) fn related(self) -> [&'static [Self]; 3] {
        match self {
            Input | AudioIn | ImageIn => [INPUTS, OUTPUTS, &[]],
            InputCached => [&[Input], INPUTS, OUTPUTS],
            CacheWrite => [&[Input, InputCached], INPUTS, OUTPUTS],
            CacheWriteLong => [&[CacheWrite, Input, InputCached], INPUTS, OUTPUTS],
            AudioCached => [&[AudioIn], INPUTS, OUTPUTS],
            ImageCached => [&[ImageIn], INPUTS, OUTPUTS],
            Output | AudioOut | ImageOut => [OUTPUTS, INPUTS, &[]],
        }
    }
}

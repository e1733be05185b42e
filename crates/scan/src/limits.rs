//! How much of anything is taken from files that may be hostile.

/// Bytes that are looked at in one piece.
pub(crate) const WINDOW: usize = 1 << 20;
/// Archives within archives.
pub(crate) const DEPTH: usize = 4;
/// Bytes that one file's archives may unfold to.
pub(crate) const UNFOLDED: u64 = 2 << 30;
/// Bytes of a zip that is no file of its own and must be held to be read.
pub(crate) const HELD: u64 = 64 << 20;
/// Bytes of a zip's directory.
pub(crate) const DIRECTORY: u64 = 64 << 20;
/// Finds that are kept of one content; more are counted.
pub(crate) const FINDS_OF_ONE: usize = 200;
/// Finds that are kept in all; more are counted.
pub(crate) const FINDS: usize = 20_000;
/// Characters of a path in an archive.
pub(crate) const NAME: usize = 512;

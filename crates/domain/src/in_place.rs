//! Boxes whose contents are made where they stay.

use std::pin::Pin;

/// Boxes a value. The room is there before the value is, so that it is made in it. `Box::new` has it
/// made on the stack, where it must be able to end should there be no memory, and copies its whole
/// size: of a call's future some thousand bytes, of which a hundred mean something yet.
#[inline(always)]
#[must_use]
pub fn boxed<T>(make: impl FnOnce() -> T) -> Box<T> {
    Box::write(Box::new_uninit(), make())
}

/// The same for a future.
#[inline(always)]
#[must_use]
pub fn pinned<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::into_pin(boxed(make))
}

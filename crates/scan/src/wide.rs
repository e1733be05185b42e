//! UTF-16, seen as the bytes of its ASCII characters.

use std::io::{self, Read};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// Whether a content that begins so is UTF-16: by its mark, or by every other byte being nothing.
pub(crate) fn order(head: &[u8]) -> Option<Order> {
    match head {
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff | 0xfe, 0xff | 0xfe, rest @ ..] if is_narrow(rest) => return None,
        [0xff, 0xfe, ..] => return Some(Order::Little),
        [0xfe, 0xff, ..] => return Some(Order::Big),
        _ => {}
    }
    let head = &head[..head.len().min(512) & !1];
    if head.len() < 32 {
        return None;
    }
    let nothing = |from: usize| head.iter().skip(from).step_by(2).filter(|b| **b == 0).count();
    let (even, odd, half) = (nothing(0), nothing(1), head.len() / 2);
    let wide = |zeros: usize, others: usize| zeros * 10 >= half * 8 && others * 20 <= half;
    match (wide(odd, even), wide(even, odd)) {
        (true, false) => Some(Order::Little),
        (false, true) => Some(Order::Big),
        _ => None,
    }
}

/// Plain text behind a mark that is not its own.
fn is_narrow(text: &[u8]) -> bool {
    let text = &text[..text.len().min(512)];
    let plain = text.iter().filter(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'));
    plain.count() * 10 > text.len() * 9
}

/// One byte for each two; what is no ASCII becomes `?`.
pub(crate) struct Narrow<R> {
    inner: R,
    order: Order,
    pending: Option<u8>,
    buffer: Vec<u8>,
}

impl<R: Read> Narrow<R> {
    pub(crate) fn new(inner: R, order: Order) -> Self {
        Self { inner, order, pending: None, buffer: Vec::new() }
    }
}

impl<R: Read> Read for Narrow<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            self.buffer.resize((out.len() * 2).clamp(2, 64 * 1024), 0);
            let from = usize::from(self.pending.is_some());
            if let Some(byte) = self.pending.take() {
                self.buffer[0] = byte;
            }
            let filled = match self.inner.read(&mut self.buffer[from..])? {
                0 => return Ok(0),
                read => from + read,
            };
            let pairs = self.buffer[..filled].chunks_exact(2);
            if let [odd] = pairs.remainder() {
                self.pending = Some(*odd);
            }
            let mut written = 0;
            for (pair, out) in pairs.zip(out.iter_mut()) {
                *out = match (self.order, pair) {
                    (Order::Little, [byte @ ..0x80, 0]) | (Order::Big, [0, byte @ ..0x80]) => *byte,
                    _ => b'?',
                };
                written += 1;
            }
            if written > 0 {
                return Ok(written);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_are_known_and_narrowed() {
        let text = "KEY = Grüße, a line of some length\n".repeat(3);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, is) in [(&little, Order::Little), (&big, Order::Big)] {
            assert_eq!(order(bytes), Some(is));
            let mut narrow = Vec::new();
            // One byte at a time, the worst a reader can do.
            let slow = OneByOne(bytes);
            Narrow::new(slow, is).read_to_end(&mut narrow).unwrap();
            let expected: String =
                text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
            assert_eq!(String::from_utf8(narrow).unwrap(), expected);
        }
        assert_eq!(order(b"plain text that is long enough to be judged"), None);
        assert_eq!(order(&[0; 512]), None);
        assert_eq!(order(b"\xff\xfeA\0"), Some(Order::Little));
    }

    struct OneByOne<'a>(&'a [u8]);

    impl Read for OneByOne<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            out[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }
}

//! Tar, in all its dialects as far as names and sizes go.

use std::io::{self, Read};

use crate::limits::NAME;

const BLOCK: usize = 512;
/// Bytes of a long name or of a pax header.
const EXTENDED: u64 = 1 << 20;

/// Whether a content begins with a tar's header: by its checksum, for old ones have no mark.
pub(crate) fn is_header(head: &[u8]) -> bool {
    let Some(block) = head.get(..BLOCK) else { return false };
    let Some(said) = octal(&block[148..156]) else { return false };
    let sum = |(at, byte): (usize, &u8)| match at {
        148..156 => u64::from(b' '),
        _ => u64::from(*byte),
    };
    block[0] != 0 && said == block.iter().enumerate().map(sum).sum::<u64>()
}

/// Calls `each` with every file's name and content.
pub(crate) fn each(
    reader: &mut dyn Read,
    each: &mut dyn FnMut(&str, &mut dyn Read),
) -> io::Result<()> {
    let mut block = [0; BLOCK];
    let mut long_name = None;
    let mut long_size = None;
    loop {
        if !read_block(reader, &mut block)? || block.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        if !is_header(&block) {
            return Err(io::Error::other("a header is damaged"));
        }
        let size = size(&block[124..136]).ok_or_else(|| io::Error::other("a size is damaged"))?;
        match block[156] {
            b'L' => long_name = Some(text(&extended(reader, size)?)),
            b'x' => {
                let (name, size) = pax(&extended(reader, size)?);
                long_name = name.or(long_name);
                long_size = size;
            }
            // Of the archive as a whole, or the long name of a link.
            b'g' | b'K' => drop(extended(reader, size)?),
            kind => {
                let size = long_size.take().unwrap_or(size);
                let name = long_name.take().unwrap_or_else(|| name(&block));
                let mut content = reader.take(size);
                if matches!(kind, 0 | b'0' | b'7' | b'S') {
                    each(&name, &mut content);
                }
                io::copy(&mut content, &mut io::sink())?;
                if content.limit() > 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                skip(reader, padding(size))?;
            }
        }
    }
}

fn read_block(reader: &mut dyn Read, block: &mut [u8; BLOCK]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < BLOCK {
        match reader.read(&mut block[filled..])? {
            0 if filled == 0 => return Ok(false),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
    }
    Ok(true)
}

fn extended(reader: &mut dyn Read, size: u64) -> io::Result<Vec<u8>> {
    if size > EXTENDED {
        return Err(io::Error::other("a name is too long"));
    }
    let mut bytes = Vec::new();
    reader.take(size).read_to_end(&mut bytes)?;
    skip(reader, padding(size))?;
    Ok(bytes)
}

fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK as u64) - size
}

fn skip(reader: &mut dyn Read, bytes: u64) -> io::Result<()> {
    io::copy(&mut reader.take(bytes), &mut io::sink()).map(drop)
}

fn name(block: &[u8; BLOCK]) -> String {
    let (name, prefix) = (text(&block[..100]), text(&block[345..500]));
    // Only the newer dialect has a prefix; the older has times there.
    match &block[257..263] == b"ustar\0" && !prefix.is_empty() {
        true => format!("{prefix}/{name}"),
        false => name,
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end.min(NAME)]).into_owned()
}

fn octal(field: &[u8]) -> Option<u64> {
    let digits = field.iter().skip_while(|byte| **byte == b' ');
    let digits = digits.take_while(|byte| !matches!(byte, 0 | b' '));
    let mut value = 0_u64;
    for digit in digits {
        value = value.checked_mul(8)? + u64::from(digit.checked_sub(b'0').filter(|d| *d < 8)?);
    }
    Some(value)
}

/// Octal, or from its first bit on a binary number.
fn size(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 == 0 {
        return octal(field);
    }
    let rest = field.get(4..12)?;
    Some(u64::from_be_bytes(rest.try_into().ok()?)).filter(|size| *size < 1 << 62)
}

/// The `path` and `size` of records such as `20 path=some/name\n`.
fn pax(mut records: &[u8]) -> (Option<String>, Option<u64>) {
    let (mut name, mut size) = (None, None);
    while let Some(space) = records.iter().position(|byte| *byte == b' ') {
        let length = std::str::from_utf8(&records[..space]).ok().and_then(|n| n.parse().ok());
        let Some(record) = length.and_then(|n: usize| records.get(space + 1..n)) else { break };
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        if let Some(value) = record.strip_prefix(b"path=") {
            name = Some(text(value));
        } else if let Some(value) = record.strip_prefix(b"size=") {
            size = std::str::from_utf8(value).ok().and_then(|n| n.parse().ok());
        }
        records = &records[length.unwrap_or(records.len())..];
    }
    (name, size)
}

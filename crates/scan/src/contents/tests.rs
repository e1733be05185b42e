use super::*;
use crate::Variables;
use domain::KeyKind;
use std::io::Write;

fn scan(bytes: &[u8]) -> (Vec<String>, Scanner) {
    let scanner = Scanner::new(b"salt", Variables::default());
    let mut contents = Contents::new(&scanner);
    contents.object("a", None, &mut Cursor::new(bytes)).unwrap();
    let places = contents.finds.iter().map(|find| find.place.path.clone()).collect();
    (places, scanner)
}

fn key() -> String {
    vault::key::mint(KeyKind::Project).expose().to_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A tar of one file.
fn tar(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut block = vec![0_u8; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
    block[156] = b'0';
    block[257..263].copy_from_slice(b"ustar\0");
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block.extend_from_slice(bytes);
    block.resize(block.len().next_multiple_of(512) + 1024, 0);
    block
}

/// A zip of one file.
fn zip(name: &str, bytes: &[u8], deflate: bool) -> Vec<u8> {
    let packed = if deflate {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    } else {
        bytes.to_vec()
    };
    let method: u16 = if deflate { 8 } else { 0 };
    let size = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let length = u16::try_from(name.len()).unwrap().to_le_bytes();
    let common = [
        &[20, 0, 0, 0][..],
        &method.to_le_bytes(),
        &[0; 8],
        &size(packed.len()),
        &size(bytes.len()),
        &length,
        &[0, 0],
    ]
    .concat();
    let mut all = [b"PK\x03\x04", common.as_slice(), name.as_bytes(), &packed].concat();
    let start = all.len();
    all.extend_from_slice(
        &[b"PK\x01\x02\x14\0", common.as_slice(), &[0; 14], name.as_bytes()].concat(),
    );
    let directory = all.len() - start;
    all.extend_from_slice(
        &[b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(), &size(directory), &size(start), &[0, 0]]
            .concat(),
    );
    all
}

#[test]
fn archives_are_opened_to_their_depth() {
    let text = format!("KEY={}\n", key());
    let text = text.as_bytes();
    assert_eq!(scan(&gzip(text)).0, ["a"]);
    assert_eq!(scan(&tar("b/c", text)).0, ["a!b/c"]);
    assert_eq!(scan(&gzip(&tar("b", text))).0, ["a!b"]);
    assert_eq!(scan(&zip("b", text, true)).0, ["a!b"]);
    assert_eq!(scan(&zip("b", text, false)).0, ["a!b"]);
    assert_eq!(scan(&zip("b.tgz", &gzip(&tar("c", text)), true)).0, ["a!b.tgz!c"]);
    let mut deep = text.to_vec();
    for _ in 0..6 {
        deep = gzip(&deep);
    }
    let (_, scanner) = scan(&deep);
    assert_eq!(scanner.notes.in_part.count(), 1);
}

#[test]
fn a_damaged_archive_is_noted_and_what_can_be_read_is_read() {
    let text = format!("KEY={}\n{}", key(), "x".repeat(3_000_000));
    let whole = gzip(text.as_bytes());
    let (places, scanner) = scan(&whole[..whole.len() - 20]);
    assert_eq!((places.len(), scanner.notes.in_part.count()), (1, 1));
    for bytes in [zip("b", text.as_bytes(), true), tar("b", text.as_bytes())] {
        let (_, scanner) = scan(&bytes[..bytes.len() - 2000]);
        assert_eq!(scanner.notes.in_part.count(), 1);
    }
    for bytes in [b"PK\x03\x04".as_slice(), b"PK\x05\x06", b"\x1f\x8b\x08", b"PK\x05\x06\0\0\0\0"] {
        assert!(scan(bytes).0.is_empty());
    }
}

#[test]
fn a_bomb_is_read_in_part() {
    let metered = |left: u64| {
        let left = Cell::new(left);
        let scanner = Scanner::new(b"salt", Variables::default());
        let bomb = gzip(&vec![b' '; 8 << 20]);
        let mut contents = Contents::new(&scanner);
        contents.content("a", Source::Stream(&mut Cursor::new(bomb)), &left, 0).unwrap();
        scanner.notes.in_part.count()
    };
    assert_eq!(metered(1 << 20), 1);
    assert_eq!(metered(16 << 20), 0);
}

#[test]
fn bombs_of_every_packing_are_read_in_part() {
    let blanks = vec![b' '; 8 << 20];
    let bombs = [
        zip("b", &blanks, true),
        zip("b.gz", &gzip(&blanks), true),
        gzip(&gzip(&blanks)),
        gzip(&tar("b", &blanks)),
        // Members one behind another count together.
        gzip(&blanks[..2 << 20]).repeat(4),
    ];
    for (number, bomb) in bombs.iter().enumerate() {
        let left = Cell::new(4 << 20);
        let scanner = Scanner::new(b"salt", Variables::default());
        let mut contents = Contents::new(&scanner);
        contents.content("a", Source::Seek(&mut Cursor::new(bomb)), &left, 0).unwrap();
        assert!(scanner.notes.in_part.count() >= 1, "bomb {number}");
        let read = scanner.progress.bytes.load(Ordering::Relaxed);
        assert!(read <= 5 << 20, "bomb {number}: {read}");
    }
}

#[test]
fn a_zip_whose_entries_share_their_bytes_is_no_flood() {
    // A thousand names in the directory, one file behind them all.
    let whole = zip("b", &vec![b' '; 1 << 20], true);
    let find = |four: &[u8]| whole.windows(4).position(|at| at == four).unwrap();
    let (start, end) = (find(b"PK\x01\x02"), find(b"PK\x05\x06"));
    let entries = whole[start..end].repeat(1_000);
    let number = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let count = 1_000_u16.to_le_bytes();
    let tail = [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &number(entries.len())].concat();
    let bomb = [&whole[..start], &entries, &tail, &number(start), &[0, 0]].concat();
    let left = Cell::new(16 << 20);
    let scanner = Scanner::new(b"salt", Variables::default());
    let mut contents = Contents::new(&scanner);
    contents.content("a", Source::Seek(&mut Cursor::new(&bomb)), &left, 0).unwrap();
    assert!(scanner.notes.in_part.count() >= 1);
    assert!(scanner.progress.bytes.load(Ordering::Relaxed) <= 17 << 20);
}

#[test]
fn text_in_a_broken_encoding_is_looked_at() {
    let key = key();
    for around in [&b"\xff\xfe\xff"[..], b"\xc3\x28", b"\xed\xa0\x80", b"\xef\xbb\xbf"] {
        let text = [around, b"\n", key.as_bytes(), b"\n", around].concat();
        assert_eq!(scan(&text).0, ["a"], "{around:?}");
    }
    // UTF-16 that ends in the middle of a character.
    let text = format!("\u{feff}K={key}\r\n");
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(scan(&wide[..wide.len() - 1]).0, ["a"]);
}

#[test]
fn utf_16_and_notebooks_and_binaries() {
    let key = key();
    let text = format!("first line\r\nOPENAI_API_KEY={key}\r\nand some more of the same\r\n");
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let scanner = Scanner::new(b"salt", Variables::default());
    let mut contents = Contents::new(&scanner);
    contents.object("a", None, &mut Cursor::new(&wide)).unwrap();
    assert_eq!((contents.finds[0].place.line, contents.finds[0].place.column), (2, 16));
    let notebook = format!(r#"{{"cells":[{{"source":["import os\n","k=\"{key}\"\n"]}}]}}"#);
    assert_eq!(scan(notebook.as_bytes()).0.len(), 1);
    let binary = [b"\x7fELF\0\0\x01".as_slice(), key.as_bytes(), b"\0\xff"].concat();
    assert_eq!(scan(&binary).0.len(), 1);
    assert_eq!(scan(b"\xfd7zXZ\0rest").1.notes.unopened.count(), 1);
}

#[test]
fn a_flood_of_finds_is_counted_and_not_kept() {
    let text = format!("{}\n", key()).repeat(1000);
    let (places, scanner) = scan(text.as_bytes());
    assert_eq!(places.len(), crate::limits::FINDS_OF_ONE);
    assert_eq!(scanner.notes.untold.load(Ordering::Relaxed), 800);
}

#[test]
fn only_masks_and_marks_leave_but_for_our_own_keys() {
    let key = key();
    let scanner = Scanner::new(b"salt", Variables::default());
    let mut contents = Contents::new(&scanner);
    contents.object("a", None, &mut Cursor::new(&key)).unwrap();
    let find = &contents.finds[0];
    assert!(!find.masked.contains(&key[10..20]) && find.masked.ends_with(&key[key.len() - 4..]));
    assert!(find.ours.is_some());
}

//! Packs the tokens of `o200k_base` for `tokens/ranks.rs`: how many there are (little endian), the
//! length of each, then their bytes, all deflated. It is a thirtieth of a ready-made table.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

/// The most that deflate can do.
const LEVEL: u8 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let encoding = &bpe_openai::o200k_base().bpe;
    let count = u32::try_from(encoding.num_tokens())?;
    let mut packed = count.to_le_bytes().to_vec();
    for token in 0..count {
        packed.push(u8::try_from(encoding.token_bytes(token).len())?);
    }
    for token in 0..count {
        packed.extend_from_slice(encoding.token_bytes(token));
    }
    let deflated = miniz_oxide::deflate::compress_to_vec(&packed, LEVEL);
    let directory = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    fs::write(PathBuf::from(directory).join("o200k_base.tokens"), deflated)?;
    Ok(())
}

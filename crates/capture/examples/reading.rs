//! Prints how fast captures are read: nanoseconds per packet, and per packet whose first bytes are looked at.
//!
//! `cargo run --release -p capture --example reading -- FILE…`

use std::path::PathBuf;
use std::time::Instant;

use capture::{Batch, Source};

fn main() -> Result<(), capture::CaptureError> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    for look in [false, true, false, true] {
        let mut source = Source::open(&paths)?;
        let mut batch = Batch::new();
        let mut sum = 0_u64;
        let start = Instant::now();
        while source.next_batch(&mut batch, 1_024) {
            if look {
                sum += batch
                    .iter()
                    .map(|packet| packet.bytes.first().copied().map_or(0, u64::from))
                    .sum::<u64>();
            }
        }
        let nanos = start.elapsed().as_nanos() as f64 / source.packets().max(1) as f64;
        println!("look={look}: {} packets, {nanos:.1} ns each ({sum:x})", source.packets());
    }
    Ok(())
}

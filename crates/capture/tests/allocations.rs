//! Reading allocates nothing per packet once the first batches have been filled.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use capture::{Batch, Source, Writer};
use model::{LinkType, Packet, PacketId, Time};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

#[allow(unsafe_code, reason = "an allocator is unsafe by nature; this one only counts")]
// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn file(pcapng: bool, count: u64) -> Vec<u8> {
    let mut writer =
        if pcapng { Writer::pcapng(Vec::new(), None) } else { Writer::pcap(Vec::new(), LinkType::ETHERNET) };
    let bytes = [7; 1_500];
    for number in 0..count {
        let bytes = &bytes[..(number * 37 % 1_400) as usize];
        let wire_len = bytes.len() as u32;
        let time = Time::from_micros(number);
        writer
            .write(&Packet { id: PacketId(0), time, link: LinkType::ETHERNET, bytes, wire_len })
            .expect("memory takes everything");
    }
    writer.finish().expect("memory takes everything")
}

#[test]
fn reading_allocates_nothing_once_warm() {
    for pcapng in [false, true] {
        for pipe in [false, true] {
            let path = std::env::temp_dir().join(format!("capture-allocations-{}", std::process::id()));
            std::fs::write(&path, file(pcapng, 20_000)).expect("a file can be written");
            // A pipe is read through a buffer, a file is mapped.
            let (read, mut write) = std::io::pipe().expect("a pipe can be made");
            let opened = if pipe {
                let bytes = file(pcapng, 20_000);
                std::thread::spawn(move || {
                    let _ = std::io::Write::write_all(&mut write, &bytes);
                });
                format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&read)).into()
            } else {
                path.clone()
            };
            let mut source = Source::open(&[opened]).expect("it is a capture");
            drop(read);
            let mut batch = Batch::new();
            while source.packets() < 10_000 && source.next_batch(&mut batch, 256) {}
            let before = COUNT.with(Cell::get);
            let mut bytes = 0;
            while source.next_batch(&mut batch, 256) {
                bytes += batch.iter().map(|packet| packet.bytes.len()).sum::<usize>();
            }
            // A buffer may still find its final size.
            assert!(COUNT.with(Cell::get) - before <= 4, "{} allocations", COUNT.with(Cell::get) - before);
            assert_eq!(source.packets(), 20_000);
            assert!(bytes > 5_000_000);
            std::fs::remove_file(&path).expect("the file is there");
        }
    }
}

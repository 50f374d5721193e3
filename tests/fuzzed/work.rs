//! Work, counted: bytes that a thread allocates. The same input gives the same number every time, which no clock does.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    let _ = ALLOCATED.try_with(|all| all.set(all.get() + bytes as u64));
}

// SAFETY: every call is handed on to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// Returns the bytes allocated by `run`.
pub fn work<T>(run: impl FnOnce() -> T) -> u64 {
    let before = ALLOCATED.with(Cell::get);
    drop(run());
    ALLOCATED.with(Cell::get) - before
}

/// Four times the input may cost about four times the work, not sixteen times. Both are long enough
/// that what is bounded otherwise (commands inside one another, readings) is at its bound.
pub fn assert_linear(input: &[u8], run: impl Fn(&[u8])) {
    let (small, large) = (input.repeat(64), input.repeat(256));
    // What is read once and kept is no part of the measure.
    run(&large);
    let (less, more) = (work(|| run(&small)), work(|| run(&large)));
    assert!(more <= 8 * less + 1_000_000, "{} bytes: {less}, {} bytes: {more}", small.len(), large.len());
}

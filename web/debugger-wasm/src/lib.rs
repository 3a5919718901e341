//! The token rules of `countersign-jwt` for a web page: JSON text in, JSON text out, no imports.
//!
//! The page calls `prepare(n)`, writes `n` bytes of UTF-8 JSON at the address it gets, calls `run()`, and
//! reads as many bytes as that returns at the address that `answer()` gives. The address is good until the
//! next call. What goes in and comes out is described in [`inspection`].
//!
//! Build and check it:
//! ```text
//! rustup target add wasm32-unknown-unknown
//! cargo build -p countersign-debugger-wasm --target wasm32-unknown-unknown --profile wasm
//! node web/debugger-wasm/check.mjs target/wasm32-unknown-unknown/wasm/countersign_debugger_wasm.wasm
//! ```
//!
//! There is one buffer and one thread. No pointer is read here: the page, which owns the memory, does that.

pub mod inspection;

use std::cell::RefCell;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Makes room for `length` bytes of input and returns their address. Longer inputs than [`MAX_INPUT_BYTES`]
/// get no room: the address is then that of an empty buffer, and `run` answers with an error.
#[expect(unsafe_code, reason = "an exported name; the function itself is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn prepare(length: usize) -> *mut u8 {
    let length = if length <= MAX_INPUT_BYTES { length } else { 0 };
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        buffer.resize(length, 0);
        buffer.as_mut_ptr()
    })
}

/// Replaces the input by the answer and returns the answer's length in bytes.
#[expect(unsafe_code, reason = "an exported name; the function itself is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn run() -> usize {
    BUFFER.with_borrow_mut(|buffer| {
        *buffer = inspection::answer(buffer).into_bytes();
        buffer.len()
    })
}

/// The address of the answer.
#[expect(unsafe_code, reason = "an exported name; the function itself is safe")]
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> *const u8 {
    BUFFER.with_borrow(Vec::as_ptr)
}

/// The longest input: a token of 16 KiB and a JWK Set of 64 KiB, escaped, fit well.
pub const MAX_INPUT_BYTES: usize = 1024 * 1024;

//! All integration tests in one program: building one is faster than building many.

#![allow(clippy::print_stderr, reason = "a test that skips something says so")]

mod floors;
mod ground;
mod house;
mod network;

//! All integration tests, in one crate so that the library is linked once.

mod closed_forms;
mod controls;
mod support;

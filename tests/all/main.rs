//! All integration tests in one program: building one is faster than building many.

mod ground;
mod network;

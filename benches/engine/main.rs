//! How fast the simulator is, in operations or events per second: `cargo bench --bench engine [NAME]`. Without a name a
//! table of ratios follows at the end.
//!
//! To add a bench: a file with `#[divan::bench]` functions, and its `mod` line.

#![allow(clippy::disallowed_methods, reason = "benches measure time")]
#![allow(clippy::print_stdout, reason = "benches print what they found")]

mod closed_loop;
mod fixtures;
mod hold;
#[path = "../../tests/all/naive/mod.rs"]
mod naive;
mod nexosim_hold;
mod open_loop;
mod ratios;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/all/support.rs"]
mod support;
mod whole;
mod workloads;

fn main() {
    divan::main();
    // Cargo itself passes `--bench`; whoever asks for one bench, or for the list, wants nothing else.
    if std::env::args().skip(1).all(|argument| argument == "--bench") {
        ratios::print();
    }
}

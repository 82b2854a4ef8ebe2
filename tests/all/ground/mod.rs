//! What everything rests on: random streams, laws of chance, histograms, curves and estimates.

mod estimates;
mod histograms;
mod laws;
mod streams;
mod truths;

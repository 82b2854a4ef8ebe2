//! The files that people open: their exact text, and what must hold for every outcome.

mod charts;
mod colours;
mod files;
mod page;
mod sample;
mod texts;

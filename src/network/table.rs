//! Real round-trip times between cities.

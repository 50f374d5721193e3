//! The fuzz targets: the checks of `tests/fuzzed/`, where the test suite runs them as well.

#[path = "../../tests/fuzzed/checks.rs"]
pub mod checks;

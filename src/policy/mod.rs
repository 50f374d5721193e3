//! Decisions: limits, layers, site configuration, and their tests.

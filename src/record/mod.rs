//! What is kept: audit log, journal, ledger.

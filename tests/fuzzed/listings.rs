//! Listing output, read as a tool file says.

use std::collections::HashSet;

use guard::policy::kinds;
use guard::scope::targets;
use guard::tool::{Kinds, Read};

/// Stands between the `read` of a tool file and the output that it is to read.
const BETWEEN: &[u8] = b"\n%%\n";

thread_local! {
    static KINDS: Kinds = kinds().expect("the built-in kinds");
}

/// A `read` in TOML, a line `%%`, and output: rows, or why it can't be read.
pub fn listing(bytes: &[u8]) {
    let Some(at) = bytes.windows(BETWEEN.len()).position(|four| four == BETWEEN) else { return };
    let (spec, output) = (&bytes[..at], &bytes[at + BETWEEN.len()..]);
    let Ok(spec) = std::str::from_utf8(spec) else { return };
    let Ok(read) = toml::from_str::<Read>(spec) else { return };
    KINDS.with(|kinds| {
        let Ok(rows) = targets(output, &read, "pod", kinds) else { return };
        assert!(rows.len() <= output.len(), "{} rows of {} bytes", rows.len(), output.len());
        assert!(rows.iter().all(|row| !row.name.is_empty()), "a target without a name");
        if read.unique {
            let keys: HashSet<_> = rows.iter().map(|row| (&row.kind, &row.namespace, &row.name)).collect();
            assert_eq!(keys.len(), rows.len());
        }
        let sum = rows.iter().map(|row| row.weight).fold(0u64, u64::saturating_add);
        assert!(sum == 0 || !rows.is_empty());
    });
}

//! Slurm's node lists: `web[1-9,12]`. Order and repeats are kept: `host[1,1]` runs twice on one host.

use super::build::Builder;
use super::fault::Fault;
use super::grid::Work;
use super::hostlist::{elements, term};
use super::set::HostSet;
use super::term::Term;

/// Reads a list: its terms as written, and the hosts in it.
pub fn read(text: &str, work: &mut Work) -> Result<(Vec<Term>, HostSet), Fault> {
    let (mut terms, mut builder) = (Vec::new(), Builder::default());
    for element in elements(text) {
        work.spend(1)?;
        let term = term(element)?;
        builder.term(&term);
        terms.push(term);
    }
    Ok((terms, builder.finish(work)?))
}

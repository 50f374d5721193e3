//! A ledger that answers what it was told to, for tests.

use std::cell::RefCell;
use std::time::Duration;

use super::{Answered, Charge, Held, Judging, Keep, Ledger, LedgerError, Sum, Used};

/// Answers every sum with the same number and remembers what was asked of it.
#[derive(Debug, Default)]
pub struct Canned {
    /// How many others were hit before; `None` where the ledger has no answer.
    pub others: Option<u64>,
    /// What was done, in order: `reserve 1 pod`, `spend`, `release`.
    pub done: RefCell<Vec<String>>,
}

impl Ledger for Canned {
    fn reserve(&self, charges: &[(Charge, Vec<Sum>)], judge: &mut Judging<'_>) -> Result<Held, LedgerError> {
        let Some(others) = self.others else {
            return Err(LedgerError::Unusable { path: "canned".into(), why: "it has no answer".into() });
        };
        let answers: Vec<Vec<u64>> = charges.iter().map(|(_, sums)| vec![others; sums.len()]).collect();
        let keep = judge(&answers);
        let told = charges.iter().map(|(charge, _)| format!("{keep:?} {} {}", charge.count, charge.kind));
        self.done.borrow_mut().extend(told);
        Ok(Held(if keep == Keep::Nothing { Vec::new() } else { vec![1] }))
    }

    fn spend(&self, _: &Held, answered: Answered) -> Result<(), LedgerError> {
        self.done.borrow_mut().push(format!("spend {answered:?}"));
        Ok(())
    }

    fn release(&self, _: &Held) -> Result<(), LedgerError> {
        self.done.borrow_mut().push("release".into());
        Ok(())
    }

    fn used(&self, _: Duration) -> Result<Vec<Used>, LedgerError> {
        Ok(Vec::new())
    }
}

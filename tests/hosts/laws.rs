//! The laws that hold for every set: folding loses nothing, and sets do with each other what sets do.

use std::collections::BTreeSet;

use guard::hosts::{Dialect, HostSet, Nothing, Op, Work, read};
use proptest::prelude::*;

/// Names with up to three numbers, padded and not, that often share all but one.
const NAME: &str = "[ab]{1}(0?[0-9]{1,2})?(-[x]?(0?0?[0-9]{1,2})?)?(\\.d[0-2]{1,2})?";

fn some() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set(NAME, 0..30)
}

fn set(names: &BTreeSet<String>) -> HostSet {
    HostSet::of_names(names.iter().map(String::as_str)).unwrap()
}

fn listed(set: &HostSet) -> Vec<String> {
    let mut names = Vec::new();
    set.visit(|name| {
        names.push(name.to_owned());
        true
    });
    names
}

fn names(set: &HostSet) -> BTreeSet<String> {
    let listed = listed(set);
    let names: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), names.len(), "each name once");
    assert_eq!(set.count().unwrap(), names.len() as u64);
    names
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_folded_unfolds_to_the_same_names(all in some()) {
        let set = set(&all);
        prop_assert_eq!(&names(&set), &all);
        let again = read(Dialect::ClusterShell, &[set.fold()], &Nothing).unwrap();
        prop_assert_eq!(again.set(), &set);
        prop_assert_eq!(again.set().fold(), set.fold());
        let hostlist = read(Dialect::Slurm, &[set.fold()], &Nothing).unwrap();
        prop_assert_eq!(names(hostlist.set()), all.clone());
        prop_assert_eq!(hostlist.count().unwrap(), all.len() as u64);
    }

    #[test]
    fn operations_are_those_of_sets(a in some(), b in some(), c in some()) {
        let (x, y, z) = (set(&a), set(&b), set(&c));
        let go = |left: &HostSet, right: &HostSet, op| left.clone().combine(right.clone(), op, &mut Work::default()).unwrap();
        prop_assert_eq!(names(&go(&x, &y, Op::Union)), &a | &b);
        prop_assert_eq!(names(&go(&x, &y, Op::Intersection)), &a & &b);
        prop_assert_eq!(names(&go(&x, &y, Op::Difference)), &a - &b);
        prop_assert_eq!(names(&go(&x, &y, Op::Either)), &a ^ &b);
        // One set, one value, whatever way led to it.
        prop_assert_eq!(go(&x, &y, Op::Union), go(&y, &x, Op::Union));
        prop_assert_eq!(go(&go(&x, &y, Op::Union), &z, Op::Intersection),
            go(&go(&x, &z, Op::Intersection), &go(&y, &z, Op::Intersection), Op::Union));
        prop_assert_eq!(go(&x, &go(&y, &z, Op::Union), Op::Difference), go(&go(&x, &y, Op::Difference), &z, Op::Difference));
        prop_assert_eq!(go(&go(&x, &y, Op::Difference), &y, Op::Union), go(&x, &y, Op::Union));
        prop_assert!(go(&x, &x, Op::Either).is_empty());
    }

    #[test]
    fn ranges_are_the_names_they_stand_for(from in 0_u64..1200, length in 0_u64..1200, pad in 0_usize..5) {
        let to = from + length;
        let padded = format!("{from:0pad$}").len() == format!("{to:0pad$}").len() || pad == 0;
        prop_assume!(padded);
        let text = format!("n[{from:0pad$}-{to:0pad$}].x");
        let found = read(Dialect::ClusterShell, &[&text], &Nothing).unwrap();
        let wanted: Vec<String> = (from..=to).map(|n| format!("n{n:0pad$}.x")).collect();
        prop_assert_eq!(found.set(), &HostSet::of_names(wanted.iter().map(String::as_str)).unwrap());
        prop_assert_eq!(listed(found.set()), wanted);
        if from < to {
            prop_assert_eq!(found.set().fold(), text);
        }
    }
}

//! Frozen targets → stages → batches → calls. Pure arithmetic; a million targets take a moment.
//!
//! A batch is what runs between two looks at the world: a part of a stage, at most so many targets,
//! never two members of one redundancy group. A call is what one command line takes of it.

use std::collections::HashMap;
use std::ops::Range;

/// What the arithmetic has to know of one target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Item {
    /// Targets of one call have the same number here (a namespace); 0 where it does not matter.
    pub together: u32,
    /// Its redundancy group; 0 where it has none.
    pub redundancy: u32,
    /// Bytes that it takes on a command line.
    pub bytes: u32,
}

/// What limits stages, batches and calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Sizes of the stages; they sum up to the number of targets.
    pub stages: Vec<u64>,
    /// Targets in one call at the most.
    pub per_call: usize,
    /// Bytes of targets in one call at the most.
    pub bytes_per_call: usize,
    /// Targets in one batch at the most.
    pub per_batch: usize,
    /// How many calls run at once: a batch is shared among them.
    pub parallel: usize,
}

/// What runs between two looks at the world.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// Its stage, from 0.
    pub stage: usize,
    /// Places of its targets, call after call.
    pub targets: Vec<usize>,
    /// Where each call ends in `targets`.
    ends: Vec<usize>,
}

impl Batch {
    /// The places of each call's targets.
    pub fn calls(&self) -> impl ExactSizeIterator<Item = &[usize]> {
        (0..self.ends.len()).map(|at| &self.targets[self.range(at)])
    }

    fn range(&self, call: usize) -> Range<usize> {
        call.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[call]
    }
}

/// Shares out the targets for which `wanted` holds; the stages are those of all targets.
pub fn batches(items: &[Item], wanted: &dyn Fn(usize) -> bool, shape: &Shape) -> Vec<Batch> {
    let mut all = Vec::new();
    let mut start = 0;
    for (stage, size) in shape.stages.iter().enumerate() {
        let end = usize::try_from(*size).map_or(items.len(), |size| items.len().min(start + size));
        let places: Vec<usize> = (start..end).filter(|place| wanted(*place)).collect();
        for round in rounds(items, places) {
            all.extend(round.chunks(shape.per_batch.max(1)).map(|part| batch(items, stage, part, shape)));
        }
        start = end;
    }
    all
}

/// Parts of a stage in which no redundancy group is met twice: each round takes the next member of each.
fn rounds(items: &[Item], places: Vec<usize>) -> Vec<Vec<usize>> {
    if places.iter().all(|place| items[*place].redundancy == 0) {
        return vec![places];
    }
    let mut met: HashMap<u32, usize> = HashMap::new();
    let mut rounds: Vec<Vec<usize>> = vec![Vec::new()];
    for place in places {
        let round = match items[place].redundancy {
            0 => 0,
            group => {
                let met = met.entry(group).or_default();
                *met += 1;
                *met - 1
            }
        };
        if round == rounds.len() {
            rounds.push(Vec::new());
        }
        rounds[round].push(place);
    }
    rounds
}

fn batch(items: &[Item], stage: usize, places: &[usize], shape: &Shape) -> Batch {
    let mut targets = places.to_vec();
    targets.sort_by_key(|place| items[*place].together);
    // Calls that run beside each other share a batch evenly.
    let share = if shape.parallel > 1 { targets.len().div_ceil(shape.parallel) } else { usize::MAX };
    let most = shape.per_call.min(share).max(1);
    let (mut ends, mut first, mut bytes) = (Vec::new(), 0, 0);
    for (at, place) in targets.iter().enumerate() {
        let item = items[*place];
        let size = item.bytes as usize + 1;
        let fits = at - first < most
            && bytes + size <= shape.bytes_per_call
            && items[targets[first]].together == item.together;
        if at > first && !fits {
            ends.push(at);
            (first, bytes) = (at, 0);
        }
        bytes += size;
    }
    if !targets.is_empty() {
        ends.push(targets.len());
    }
    Batch { stage, targets, ends }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn shape(stages: &[u64]) -> Shape {
        Shape { stages: stages.to_vec(), per_call: 3, bytes_per_call: 100, per_batch: 5, parallel: 1 }
    }

    fn calls(items: &[Item], shape: &Shape) -> Vec<Vec<Vec<usize>>> {
        let all = batches(items, &|_| true, shape);
        all.iter().map(|batch| batch.calls().map(<[usize]>::to_vec).collect()).collect()
    }

    #[test]
    fn a_stage_is_cut_into_batches_and_calls() {
        let items = vec![Item::default(); 8];
        assert_eq!(
            calls(&items, &shape(&[1, 7])),
            [vec![vec![0]], vec![vec![1, 2, 3], vec![4, 5]], vec![vec![6, 7]]]
        );
        let shared = Shape { parallel: 4, per_batch: 100, ..shape(&[8]) };
        assert_eq!(calls(&items, &shared), [[[0, 1], [2, 3], [4, 5], [6, 7]]]);
    }

    #[test]
    fn a_call_has_one_namespace_and_fits_its_bytes() {
        let items = [1, 2, 1, 2].map(|together| Item { together, bytes: 40, ..Item::default() });
        let wide = Shape { bytes_per_call: 82, ..shape(&[4]) };
        assert_eq!(calls(&items, &wide), [[[0, 2], [1, 3]]]);
        let narrow = Shape { bytes_per_call: 81, ..shape(&[4]) };
        assert_eq!(calls(&items, &narrow), [[[0], [2], [1], [3]]]);
    }

    #[test]
    fn two_of_one_redundancy_group_never_meet() {
        let items = [1, 1, 2, 0, 2, 1].map(|redundancy| Item { redundancy, ..Item::default() });
        assert_eq!(calls(&items, &shape(&[6])), [vec![vec![0, 2, 3]], vec![vec![1, 4]], vec![vec![5]]]);
    }

    #[test]
    fn what_is_done_is_left_out_and_stages_keep_their_places() {
        let items = vec![Item::default(); 6];
        let all = batches(&items, &|place| place >= 2, &shape(&[1, 2, 3]));
        let found: Vec<_> = all.iter().map(|batch| (batch.stage, batch.targets.clone())).collect();
        assert_eq!(found, [(1, vec![2]), (2, vec![3, 4, 5])]);
    }

    proptest! {
        #[test]
        fn each_target_is_in_one_call(
            seeds in prop::collection::vec((0u32..3, 0u32..4, 0u32..60), 0..60),
            first in 0u64..40, per_call in 1usize..6, per_batch in 1usize..9, parallel in 1usize..4,
        ) {
            let items: Vec<Item> = seeds.iter()
                .map(|(together, redundancy, bytes)| Item { together: *together, redundancy: *redundancy, bytes: *bytes })
                .collect();
            let all = items.len() as u64;
            let shape = Shape { stages: vec![first.min(all), all - first.min(all)],
                per_call, bytes_per_call: 100, per_batch, parallel };
            let mut met = Vec::new();
            for batch in batches(&items, &|_| true, &shape) {
                prop_assert!(batch.targets.len() <= per_batch);
                let mut groups = HashSet::new();
                for call in batch.calls() {
                    prop_assert!(!call.is_empty() && call.len() <= per_call);
                    prop_assert!(call.iter().all(|at| items[*at].together == items[call[0]].together));
                    let bytes: usize = call.iter().map(|at| items[*at].bytes as usize + 1).sum();
                    prop_assert!(bytes <= 100 || call.len() == 1);
                    prop_assert!(call.iter().all(|at| items[*at].redundancy == 0 || groups.insert(items[*at].redundancy)));
                    met.extend_from_slice(call);
                }
            }
            met.sort_unstable();
            prop_assert_eq!(met, (0..items.len()).collect::<Vec<_>>());
        }
    }
}

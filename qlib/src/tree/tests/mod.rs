//! The tree beside a naive model: random commits, many of them wrong, and everything compared after
//! each. `PROPTEST_CASES=5000` looks longer.

mod bad_input;
mod compare;
mod integrity;
mod json;
mod model;
mod ops;
mod pool;
mod rename;
mod saved;
mod script;
mod snapshot;

use std::sync::Arc;

use proptest::prelude::*;
use prost::Message;

use crate::model::{Commit, FieldId, Op, Timestamp};
use crate::tree::{Entities, EntityRef, Tree};
use crate::wire::log::{Decoder, Encoder};
use model::Model;
use ops::Deed;
use script::Plan;

proptest! {
    // A script says what it does only together with this generator: a recorded failure would age.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_naive_model(plans in script::plans()) {
        run(&plans);
    }
}

/// A tree, one that is given the same commits, and the model of both.
#[derive(Default)]
struct Trial {
    tree: Tree,
    twin: Tree,
    model: Model,
    commits: i64,
    encoder: Encoder,
    decoder: Decoder,
}

fn run(plans: &[Plan]) {
    let mut trial = Trial::default();
    let (mut images, mut snapshots) = (Vec::new(), Vec::new());
    for deed in script::genesis() {
        trial.apply(&deed);
    }
    for (number, plan) in plans.iter().enumerate() {
        if number % 5 == 1 {
            images.push(Arc::new(trial.tree.image()));
            snapshots.push((trial.tree.clone(), trial.model.clone()));
        }
        if number % 7 == 3 {
            // The twin goes on as one that was saved and loaded.
            trial.twin = saved::reload(&trial.twin);
            assert!(order(&trial.twin).eq(&order(&trial.tree)));
            integrity::check(&trial.twin);
            json::there_and_back(&trial.tree);
        }
        trial.apply(&plan.deed(&trial.model, &images));
    }
    for (snapshot, model) in &snapshots {
        compare::state(snapshot, model);
        integrity::check(snapshot);
    }
}

impl Trial {
    fn apply(&mut self, deed: &Deed) {
        self.commits += 1;
        let (revision, time) = (
            self.tree.revision() + 1,
            Timestamp::from_nanos(self.commits * 10),
        );
        let commit = deed.commit(&self.tree);
        let before = self.model.clone();
        let order = order(&self.tree);
        let ours = self.tree.apply(&commit, revision, time);
        if ours.is_ok() {
            self.log(&commit);
        }
        let twins = self.twin.apply(&commit, revision, time);
        let theirs = self.model.apply(deed, revision, time);
        match (&ours, &theirs) {
            (Ok(changes), Ok(())) => {
                compare::changes(&self.tree, &before, &self.model, changes);
                compare::backwards(&self.tree, &before, &self.model, changes);
                if can_rewind(&commit.ops) {
                    let mut earlier = self.tree.clone();
                    earlier.rewind(changes, before.revision, before.time);
                    compare::state(&earlier, &before);
                    integrity::check(&earlier);
                }
            }
            (Err(error), Err(reasons)) => {
                let ours = compare::refusal(error);
                let known = reasons.iter().any(|reason| compare::agree(&ours, reason));
                assert!(known, "{error:?}, expected {reasons:?}\n{deed:#?}");
                assert!(order.eq(&self::order(&self.tree)));
            }
            _ => panic!("{ours:?}, expected {theirs:?}\n{deed:#?}"),
        }
        assert_eq!(ours, twins);
        compare::state(&self.tree, &self.model);
        compare::state(&self.twin, &self.model);
        integrity::check(&self.tree);
    }

    /// A commit that was accepted comes back from the log as it was, but for what it expected.
    fn log(&mut self, commit: &Commit) {
        let ops = &commit.ops;
        if ops.iter().any(|op| matches!(op, Op::Restore { .. })) {
            return;
        }
        if self.commits % 7 == 0 {
            (self.encoder, self.decoder) = Default::default();
        }
        let room = self.encoder.at_most(commit);
        let record = self
            .encoder
            .encode(commit, &self.twin)
            .unwrap()
            .encode_to_vec();
        assert!(record.len() <= room, "{} of {room} bytes", record.len());
        let read = self.decoder.decode(&record, &self.twin).unwrap();
        let expect = commit.expect.clone();
        assert_eq!(&Commit { expect, ..read }, commit);
    }
}

/// All entities in the order in which a scan finds them.
fn order(tree: &Tree) -> Vec<crate::model::EntityId> {
    let all = |entity_type| -> Entities<'_> { tree.entities(entity_type) };
    tree.types().flat_map(all).map(EntityRef::id).collect()
}

/// Whether the effects of steps are all that they did, without schemas, and keep the order of
/// children.
fn can_rewind(ops: &[Op]) -> bool {
    let mut relocated = std::collections::BTreeSet::new();
    let once = ops.iter().all(|op| match op {
        Op::Move { id, .. } => relocated.insert(*id),
        Op::Write(write) if [FieldId::NAME, FieldId::PARENT].contains(&write.field) => {
            relocated.insert(write.id)
        }
        Op::Create(_) | Op::Delete(_) | Op::Write(_) => true,
        _ => false,
    });
    let deletes = ops.iter().any(|op| matches!(op, Op::Delete(_)));
    once && (relocated.is_empty() || !deletes)
}

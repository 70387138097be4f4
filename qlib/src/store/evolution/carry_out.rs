//! Carrying out a plan: one commit, or several of which the last one makes the difference.

use super::{Replacement, SchemaPlan, WantedSchemas, plan};
use crate::model::{
    Error, Expect, Op, Quality, Receipt, Result, Revision, Schema, Steps, TypeId, Write, WriteMode,
};
use crate::store::{CommitFuture, Store};
use crate::tree::{Tree, op_size};

/// How often a plan is made anew because a commit came between.
const ATTEMPTS: usize = 16;

/// The commits of a plan.
pub(super) struct Stages {
    /// Declares the fields that gather new values.
    pub(super) prepare: Steps,
    /// Gathers them; each expects the value that it was made of to be there still.
    gather: Vec<(Op, Expect)>,
    /// Puts the new types in force.
    pub(super) switch: Steps,
}

impl Store {
    /// Carries out a plan: as one commit, or, where that would be larger than a commit may be, as
    /// several, the last of which puts the new types in force. Until then all is as it was, so a
    /// migration that was interrupted is begun anew by the next plan.
    ///
    /// The commit's error is [`Error::StalePlan`] where a type was declared or redefined since the
    /// plan was made, and [`Error::Conflict`] where a value was written that it converts: make it
    /// anew.
    pub fn migrate(&self, plan: &SchemaPlan) -> CommitFuture {
        self.migrate_with_progress(plan, |_, _| {})
    }

    /// Carries out a plan, as [`Store::migrate`] does, and tells before each commit, and after the last
    /// one, how many were made, and of how many.
    ///
    /// ```
    /// # use qlib::{Kind, Schema, Store, WantedSchemas, plan};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> qlib::Result<()> {
    /// # let store = Store::memory()?;
    /// let wanted = WantedSchemas {
    ///     schemas: vec![Schema::new("Lamp").field("Power", Kind::Float)],
    ///     ..WantedSchemas::default()
    /// };
    /// let plan = plan(store.create_snapshot().tree(), &wanted).unwrap();
    /// let mut told = Vec::new();
    /// store.migrate_with_progress(&plan, |made, of| told.push((made, of))).await?;
    /// assert_eq!(told, [(0, 1), (1, 1)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn migrate_with_progress(
        &self,
        plan: &SchemaPlan,
        tell: impl FnMut(usize, usize),
    ) -> CommitFuture {
        self.submitted(self.carry_out(plan, tell))
    }

    /// Plans what leads to the types that are wanted and carries it out, and plans anew if another
    /// commit came between.
    pub(crate) fn evolve(&self, wanted: &WantedSchemas) -> Result<SchemaPlan> {
        let mut attempt = 1;
        loop {
            // Conversions are the application's code: none of it runs while the store is locked.
            let tree = self.shared().read().tree.clone();
            let made =
                plan(&tree, wanted).map_err(|refusals| Error::RefusedSchemas { refusals })?;
            drop(tree);
            let tell = |made, of| {
                if of > 1 {
                    tracing::info!("migrating the types: {made} of {of} commits");
                }
            };
            match self.carry_out(&made, tell) {
                Ok(_) => return Ok(made),
                Err(Error::Conflict { .. } | Error::StalePlan { .. }) if attempt < ATTEMPTS => {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn carry_out(&self, plan: &SchemaPlan, mut tell: impl FnMut(usize, usize)) -> Result<Receipt> {
        let stages = {
            let core = self.shared().read();
            if core.tree.schema_revision() != plan.schema_revision {
                return Err(Error::StalePlan {
                    made_from: plan.schema_revision,
                    now: core.tree.schema_revision(),
                });
            }
            Stages::new(plan, &core.tree)?
        };
        let limit = self.shared().read().tree.limits().commit;
        let commits = stages.commits(limit);
        let of = commits.len();
        let commits = commits.into_iter().enumerate().map(|(made, commit)| {
            tell(made, of);
            commit
        });
        let last = self.commit_all(commits, plan.schema_revision)?;
        tell(of, of);
        Ok(last)
    }

    /// Makes commits that only hold while no other changes a schema: the one before the first was at
    /// `revision`.
    pub(super) fn commit_all(
        &self,
        commits: impl IntoIterator<Item = (Steps, Vec<Expect>)>,
        mut revision: Revision,
    ) -> Result<Receipt> {
        let mut last = Receipt {
            revision: self.revision(),
            time: self.clock().now(),
            value: (),
        };
        for (ops, mut expect) in commits {
            expect.push(Expect::Schemas { revision });
            let declares = ops.iter().any(|op| matches!(op, Op::SetSchema(_)));
            last = self.submit_checked(ops, expect)?;
            if declares {
                revision = last.revision;
            }
        }
        Ok(last)
    }
}

impl Stages {
    pub(super) fn new(plan: &SchemaPlan, tree: &Tree) -> Result<Self> {
        let mut prepare = Steps::new();
        let mut drops = plan.drops.clone();
        for stored in tree.types() {
            let mut gathers = plan.gathering(stored).peekable();
            if gathers.peek().is_none() {
                continue;
            }
            let mut schema = tree.schema(stored).clone();
            for field in gathers {
                if let Ok(left_behind) = tree.field_id(stored, &field.gathers.name) {
                    drops.retain(|drop| *drop != left_behind);
                    prepare.push(Op::DropField {
                        field: left_behind,
                        replaced_by: None,
                    });
                    schema
                        .fields
                        .retain(|known| known.name != field.gathers.name);
                }
                schema.fields.push(field.gathers.clone());
            }
            prepare.push(Op::SetSchema(Box::new(schema)));
        }
        let mut prepared = tree.clone();
        prepared.try_steps(&prepare, tree.revision() + 1)?;

        let (mut gather, mut switch) = (Vec::new(), Steps::new());
        for replacement in &plan.replacements {
            let number = prepared.field_id(replacement.entity_type, &replacement.gathers.name)?;
            for new in &replacement.values {
                let write = Write {
                    id: new.id,
                    field: number,
                    value: new.value.clone(),
                    mode: WriteMode::Always,
                    quality: new.value.as_ref().map_or(Quality::Good, |_| new.quality),
                };
                let expect = Expect::Field {
                    id: new.id,
                    field: replacement.source,
                    revision: new.revision,
                };
                gather.push((Op::Write(write), expect));
            }
            switch.push(Op::DropField {
                field: replacement.source,
                replaced_by: Some(number),
            });
        }
        switch.extend(drops.into_iter().map(|field| Op::DropField {
            field,
            replaced_by: None,
        }));
        for schema in &plan.schemas {
            if let Some(taking) = plan.taking_places(schema) {
                switch.push(Op::SetSchema(Box::new(taking)));
            }
            switch.push(Op::SetSchema(Box::new(schema.clone())));
        }
        Ok(Self {
            prepare,
            gather,
            switch,
        })
    }

    /// One commit, or, where that would be larger than the limit, several.
    pub(super) fn commits(self, limit: usize) -> Vec<(Steps, Vec<Expect>)> {
        let declared: usize = self.prepare.iter().chain(&self.switch).map(op_size).sum();
        let gathered: usize = self.gather.iter().map(|(op, _)| op_size(op)).sum();
        if self.gather.is_empty() || declared + gathered <= limit {
            let (writes, expect): (Vec<_>, _) = self.gather.into_iter().unzip();
            let ops = self.prepare.into_iter().chain(writes).chain(self.switch);
            return vec![(ops.collect(), expect)];
        }
        let mut commits = vec![(self.prepare, Vec::new())];
        let mut room = 0;
        for (op, expected) in self.gather {
            let size = op_size(&op);
            if size > room {
                commits.push((Steps::new(), Vec::new()));
                room = limit;
            }
            room = room.saturating_sub(size);
            if let Some((ops, expect)) = commits.last_mut() {
                ops.push(op);
                expect.push(expected);
            }
        }
        commits.push((self.switch, Vec::new()));
        commits
    }
}

impl SchemaPlan {
    fn gathering(&self, stored: TypeId) -> impl Iterator<Item = &Replacement> {
        let replacements = self.replacements.iter();
        replacements.filter(move |replacement| replacement.entity_type == stored)
    }

    /// The type when the fields that gathered values take the places of those that they were made
    /// of: each says that it was the one.
    fn taking_places(&self, schema: &Schema) -> Option<Schema> {
        let mut taking = schema.clone();
        for replacement in &self.replacements {
            let mut fields = taking.fields.iter_mut();
            if replacement.wanted_type == schema.name
                && let Some(field) = fields.find(|field| field.name == replacement.field)
            {
                field.was = vec![replacement.gathers.name.clone()];
            }
        }
        (taking != *schema).then_some(taking)
    }
}

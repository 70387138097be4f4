//! What a program consists of: its types and its workers, gathered by the linker or by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use smol_str::SmolStr;

use crate::app::App;
use crate::app::define::{Origin, Worker, WorkerDefinition};
use crate::app::runner::{AnyRunner, Runner};
use crate::model::{Conversion, Entity, Error, FieldKey, Result, Schema, Validator};
use crate::store::WantedSchemas;

/// A function that enters something into a [`Registry`]. The derives submit one each.
#[derive(Debug)]
pub struct Registration {
    origin: Origin,
    enter: fn(&mut Registry),
}

impl Registration {
    /// The registration of what is defined at `origin` by this function.
    #[must_use]
    pub const fn new(origin: Origin, enter: fn(&mut Registry)) -> Self {
        Self { origin, enter }
    }
}

inventory::collect!(Registration);

/// The types and workers of a program. The macros enter theirs; a program enters others by hand.
///
/// ```
/// use qlib::{App, CallFuture, Cx, Origin, Worker, WorkerDefinition};
///
/// struct Greeter;
///
/// impl Worker for Greeter {
///     const NAME: &'static str = "Greeter";
///
///     fn origin() -> Origin {
///         Origin { module: module_path!(), line: line!() }
///     }
///
///     fn define(worker: &mut WorkerDefinition<Self>) {
///         worker.make(|| Greeter);
///         worker.init(|_greeter, cx: &mut Cx| Box::pin(async move {
///             println!("hello from {}", cx.app().name());
///             Ok(())
///         }) as CallFuture<'_>);
///     }
/// }
///
/// let builder = App::builder("greetings").register(|registry| registry.worker::<Greeter>());
/// # drop(builder);
/// ```
#[derive(Default)]
pub struct Registry {
    /// With the names of the Rust types.
    pub(crate) schemas: Vec<(Schema, &'static str)>,
    pub(crate) validators: Vec<Validator>,
    pub(crate) conversions: Vec<Conversion>,
    /// Types with the file and the text of their schema lock.
    locks: Vec<(&'static str, &'static str, &'static str)>,
    pub(crate) workers: Vec<WorkerEntry>,
    /// The crates that something was collected from.
    pub(crate) crates: BTreeSet<&'static str>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} types and {} workers",
            self.schemas.len(),
            self.workers.len()
        )
    }
}

type Start = Rc<dyn Fn(&App) -> Result<Box<dyn AnyRunner>>>;

pub(crate) struct WorkerEntry {
    pub(crate) name: &'static str,
    pub(crate) origin: Origin,
    pub(crate) after: Vec<&'static str>,
    pub(crate) handlers: usize,
    /// `None` until the application adds the value.
    pub(crate) start: Option<Start>,
    pub(crate) type_id: std::any::TypeId,
}

impl Registry {
    /// Enters all that the linker collected.
    pub(crate) fn collect(&mut self) {
        let mut registrations: Vec<&Registration> =
            inventory::iter::<Registration>.into_iter().collect();
        // The linker's order is none: things are entered in the order of crate, module and line.
        registrations.sort_by_key(|registration| registration.origin);
        for registration in registrations {
            self.crates.insert(registration.origin.krate());
            (registration.enter)(self);
        }
    }

    /// Keeps the workers that are called so.
    #[cfg(feature = "test")]
    pub(crate) fn keep_workers(&mut self, names: &[&str]) {
        self.workers.retain(|worker| names.contains(&worker.name));
        // A worker is tested without those that it otherwise waits for.
        for worker in &mut self.workers {
            worker.after.retain(|after| names.contains(after));
        }
    }

    /// Enters an entity type.
    pub fn entity<E: Entity>(&mut self) {
        let rust_type = std::any::type_name::<E>();
        if self.schemas.iter().any(|(_, known)| *known == rust_type) {
            return;
        }
        self.schemas.push((E::schema(), rust_type));
        self.validators.extend(E::validators());
        self.conversions.extend(E::conversions());
    }

    /// Enters an entity type that the schema lock `file` has as this text says.
    #[doc(hidden)]
    pub fn locked_entity<E: Entity>(&mut self, file: &'static str, text: &'static str) {
        self.entity::<E>();
        self.locks.push((E::TYPE, file, text));
    }

    /// Enters a worker.
    pub fn worker<W: Worker>(&mut self) {
        let type_id = std::any::TypeId::of::<W>();
        if self.workers.iter().any(|known| known.type_id == type_id) {
            return;
        }
        let definition = WorkerDefinition::<W>::of();
        let start = definition.make.map(|make| start::<W>(Rc::new(make), true));
        self.workers.push(WorkerEntry {
            name: W::NAME,
            origin: W::origin(),
            after: definition.after,
            handlers: definition.handlers.len(),
            start,
            type_id,
        });
    }

    /// Gives a worker its value; enters it if it was not.
    pub(crate) fn worker_value<W: Worker>(&mut self, make: Rc<dyn Fn() -> W>, renewable: bool) {
        let known = |entry: &WorkerEntry| entry.type_id == std::any::TypeId::of::<W>();
        if !self.workers.iter().any(known) {
            self.worker::<W>();
        }
        for entry in self.workers.iter_mut().filter(|entry| known(entry)) {
            entry.start = Some(start::<W>(Rc::clone(&make), renewable));
        }
    }

    /// What the program and qlib itself want of the types of a store.
    ///
    /// # Errors
    /// Those of [`Registry::ordered_schemas`].
    pub(crate) fn wanted(&self) -> Result<WantedSchemas> {
        self.hold_to_locks()?;
        let system = crate::store::system_schemas().into_iter();
        Ok(WantedSchemas {
            schemas: system.chain(self.ordered_schemas()?).collect(),
            conversions: self.conversions.clone(),
            allow_removal: false,
        })
    }

    /// Compares the types with their locks: the derive has done that, but for what only running code
    /// knows, such as a default that is no literal.
    fn hold_to_locks(&self) -> Result<()> {
        for (name, file, text) in &self.locks {
            let locked = Schema::read_all(text)?;
            let schemas = self.schemas.iter().map(|(schema, _)| schema.clone());
            let own: Vec<_> = schemas.filter(|schema| schema.name == *name).collect();
            let lines = crate::store::differences(&locked, &own);
            if !lines.is_empty() {
                return Err(boot(format!(
                    "{name} is not as {file} has it: {}; run `schema export {file}` if this is meant",
                    lines.join("; ")
                )));
            }
        }
        Ok(())
    }

    /// The types, a base before those that extend it.
    ///
    /// # Errors
    /// Two types of one name, a base that is unknown, or a circle of bases.
    pub(crate) fn ordered_schemas(&self) -> Result<Vec<Schema>> {
        let mut by_name = BTreeMap::new();
        for (schema, rust_type) in &self.schemas {
            if crate::store::is_system_type(&schema.name) {
                return Err(boot(format!(
                    "a type is called {}, which is qlib's own; rename it",
                    schema.name
                )));
            }
            if let Some((_, other)) = by_name.insert(schema.name.clone(), (schema, rust_type)) {
                return Err(boot(format!(
                    "two types are called {}: {other} and {rust_type}; rename one with #[entity(rename = \"…\")]",
                    schema.name
                )));
            }
        }
        let mut ordered: Vec<Schema> = Vec::new();
        while !by_name.is_empty() {
            let next = by_name.values().find(|(schema, _)| {
                schema
                    .base
                    .as_ref()
                    .is_none_or(|base| !by_name.contains_key(base))
            });
            let Some(name) = next.map(|(schema, _)| schema.name.clone()) else {
                // Each type that is left has a base that is left: following them leads round.
                let mut way: Vec<&SmolStr> = Vec::new();
                let mut next = by_name.keys().next();
                while let Some(name) = next.filter(|name| !way.contains(name)) {
                    way.push(name);
                    next = by_name[name].0.base.as_ref();
                }
                let circle = way.into_iter().skip_while(|name| Some(*name) != next);
                let circle: Vec<_> = circle.map(SmolStr::as_str).collect();
                return Err(boot(format!(
                    "the types {} extend each other in a circle",
                    circle.join(", ")
                )));
            };
            ordered.extend(by_name.remove(&name).map(|(schema, _)| schema.clone()));
        }
        Ok(ordered)
    }

    /// The workers in the order in which they start.
    ///
    /// # Errors
    /// Two workers of one name, one that nobody gave a value, `after` of a worker that is not there,
    /// or a circle of `after`.
    pub(crate) fn ordered_workers(mut self) -> Result<Vec<WorkerEntry>> {
        for (at, worker) in self.workers.iter().enumerate() {
            if let Some(other) = self.workers[..at]
                .iter()
                .find(|other| other.name == worker.name)
            {
                let (a, b) = (other.origin, worker.origin);
                return Err(boot(format!(
                    "two workers are called {}: in {} line {} and in {} line {}; rename one with #[worker(name = \"…\")]",
                    worker.name, a.module, a.line, b.module, b.line
                )));
            }
            if worker.start.is_none() {
                return Err(boot(format!(
                    "the worker {} has a `new` with arguments, so the application must add it: `setup = |app| app.worker({}::new(…))`",
                    worker.name, worker.name
                )));
            }
            if let Some(missing) = worker
                .after
                .iter()
                .find(|after| !self.workers.iter().any(|other| other.name == **after))
            {
                return Err(boot(format!(
                    "the worker {} starts after {missing}, which is not there",
                    worker.name
                )));
            }
        }
        let mut ordered: Vec<WorkerEntry> = Vec::new();
        while !self.workers.is_empty() {
            let started = |name: &str| ordered.iter().any(|worker| worker.name == name);
            let next = self
                .workers
                .iter()
                .position(|worker| worker.after.iter().all(|after| started(after)));
            let Some(next) = next else {
                let names: Vec<_> = self.workers.iter().map(|worker| worker.name).collect();
                return Err(boot(format!(
                    "the workers {} start after each other in a circle",
                    names.join(", ")
                )));
            };
            ordered.push(self.workers.remove(next));
        }
        Ok(ordered)
    }
}

fn start<W: Worker>(make: Rc<dyn Fn() -> W>, renewable: bool) -> Start {
    Rc::new(move |app| Ok(Box::new(Runner::new(app, Rc::clone(&make), renewable)?)))
}

pub(crate) fn boot(reason: String) -> Error {
    Error::Boot {
        reason: reason.into(),
    }
}

/// Entities and fields that an application cannot do without; checked at boot.
///
/// Registering the same type again adds to what was required before.
///
/// ```
/// use qlib::{EntityFieldValidator, Kind, Schema, Store};
///
/// let store = Store::memory()?;
/// drop(store.set_schema(Schema::new("Lamp").field("Level", Kind::Int)));
/// let mut required = EntityFieldValidator::new();
/// required.require("Lamp", ["Level", "Colour"]).require_entity("/Home");
/// let missing = required.check(&store).unwrap_err().to_string();
/// assert!(missing.contains("Lamp has no field Colour; there is no entity at /Home"));
/// # Ok::<(), qlib::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct EntityFieldValidator {
    fields: BTreeMap<String, Vec<(String, Option<crate::model::Kind>)>>,
    entities: Vec<String>,
}

impl EntityFieldValidator {
    /// Nothing is required yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires fields of a type.
    pub fn require<'a>(
        &mut self,
        entity_type: &str,
        fields: impl IntoIterator<Item = &'a str>,
    ) -> &mut Self {
        let known = self.fields.entry(entity_type.to_owned()).or_default();
        for field in fields {
            if !known.iter().any(|(name, _)| name == field) {
                known.push((field.to_owned(), None));
            }
        }
        self
    }

    /// Requires a field that holds a kind of value.
    pub fn require_kind(
        &mut self,
        entity_type: &str,
        field: &str,
        kind: crate::model::Kind,
    ) -> &mut Self {
        let known = self.fields.entry(entity_type.to_owned()).or_default();
        known.retain(|(name, _)| name != field);
        known.push((field.to_owned(), Some(kind)));
        self
    }

    /// Requires the field that a typed handle stands for.
    pub fn require_field<E: Entity, T: crate::model::FieldType>(
        &mut self,
        field: crate::model::Field<E, T>,
    ) -> &mut Self {
        let FieldKey { name, .. } = field.key();
        self.require_kind(E::TYPE, name, T::KIND)
    }

    /// Requires an entity at an absolute path.
    pub fn require_entity(&mut self, path: &str) -> &mut Self {
        if !self.entities.iter().any(|known| known == path) {
            self.entities.push(path.to_owned());
        }
        self
    }

    /// Adds what another one requires.
    pub fn merge(&mut self, other: &Self) -> &mut Self {
        for (entity_type, fields) in &other.fields {
            for (field, kind) in fields {
                match kind {
                    Some(kind) => self.require_kind(entity_type, field, *kind),
                    None => self.require(entity_type, [field.as_str()]),
                };
            }
        }
        for path in &other.entities {
            self.require_entity(path);
        }
        self
    }

    /// Whether the store has all of it.
    ///
    /// # Errors
    /// [`Error::Boot`], which lists everything that is missing.
    pub fn check(&self, store: &crate::Store) -> Result<()> {
        let view = store.view();
        let tree = view.tree();
        let mut missing = Vec::new();
        for (name, fields) in &self.fields {
            let entity_type = match tree.type_id(name) {
                Ok(entity_type) => entity_type,
                Err(error) => {
                    missing.push(error.to_string());
                    continue;
                }
            };
            for (field, kind) in fields {
                match (tree.field_id(entity_type, field), kind) {
                    (Err(error), _) => missing.push(error.to_string()),
                    (Ok(id), Some(kind)) => {
                        let holds = tree.field_schema(entity_type, id).map(|schema| schema.kind);
                        if holds.is_some_and(|holds| holds != *kind) {
                            missing.push(format!(
                                "{name}.{field} holds {}, {kind} is required",
                                holds.map_or("", |kind| kind.name())
                            ));
                        }
                    }
                    (Ok(_), None) => {}
                }
            }
        }
        missing.extend(
            self.entities
                .iter()
                .filter(|path| tree.at_path(path).is_err())
                .map(|path| format!("there is no entity at {path}")),
        );
        if missing.is_empty() {
            Ok(())
        } else {
            Err(boot(missing.join("; ")))
        }
    }
}

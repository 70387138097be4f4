//! Queries by typed handles, and what a transaction is told of them.

use std::cell::{Cell, RefCell};

use super::World;
use crate::model::{
    Entity, EntityId, Error, Field, FieldCache, FieldId, FieldSchema, Filter, Kind, Ref, Result,
    Row, Schema, Script, Timestamp, Value,
};
use crate::tree::{Found, Select, Source, Tree};

macro_rules! handle {
    ($of:ident.$name:ident: $type:ty) => {{
        static CACHE: FieldCache = FieldCache::new();
        Field::<$of, $type>::new("Device", stringify!($name), || &CACHE)
    }};
}

fn location<E>() -> Field<E, String> {
    static CACHE: FieldCache = FieldCache::new();
    Field::new("Device", "Location", || &CACHE)
}

#[derive(PartialEq, Debug)]
struct Device {
    location: String,
    temperature: Option<f64>,
}

impl Entity for Device {
    type Fields = ();
    const FIELDS: () = ();
    const TYPE: &'static str = "Device";

    fn schema() -> Schema {
        Schema::new("Device")
            .field(
                "Location",
                FieldSchema::new(Kind::String).required().index(),
            )
            .field("Temperature", Kind::Float)
            .field("Seen", Kind::Timestamp)
            .field("Script", Kind::Transformation)
            .field("Room", Kind::EntityReference)
            .field("Friends", Kind::EntityList)
    }

    fn read(row: &dyn Row) -> Result<Self> {
        Ok(Self {
            location: row.get(location::<Self>())?,
            temperature: row.get(handle!(Device.Temperature: Option<f64>))?,
        })
    }
}

struct Lamp;

impl Entity for Lamp {
    type Fields = ();
    const FIELDS: () = ();
    const TYPE: &'static str = "Lamp";

    fn schema() -> Schema {
        Schema::new("Lamp").extends("Device")
    }

    fn read(_: &dyn Row) -> Result<Self> {
        Ok(Self)
    }
}

fn world() -> (World, [EntityId; 3]) {
    let mut world = World::new([Device::schema(), Lamp::schema()]);
    let time = Value::Timestamp(Timestamp::from_nanos(7));
    let hall = world.create("Device", &[("Location", "hall".into()), ("Seen", time)]);
    let hot = ("Temperature", Value::Float(90.0));
    let attic = world.create("Lamp", &[("Location", "attic".into()), hot]);
    let cellar = world.create(
        "Device",
        &[
            ("Location", "cellar".into()),
            ("Temperature", Value::Float(8.0)),
            ("Script", Value::Transformation("1 + 1".into())),
            ("Room", Value::EntityReference(hall)),
            ("Friends", Value::from(vec![attic, hall])),
        ],
    );
    (world, [hall, attic, cellar])
}

#[test]
fn handles_find_what_names_find() {
    let (world, [hall, attic, cellar]) = world();
    let on = |filter: Filter<Device>| Select::new(&world.tree).filter(filter).ids().unwrap();
    let temperature = handle!(Device.Temperature: Option<f64>);
    assert_eq!(on(location().eq("hall")), [hall]);
    assert_eq!(on(location().ne(String::from("hall"))), [attic, cellar]);
    assert_eq!(on(location().one_of(["hall", "attic"])), [hall, attic]);
    assert_eq!(
        on(location().contains("l").and(temperature.is_set())),
        [cellar]
    );
    assert_eq!(
        on(location().starts_with("a").or(temperature.is_unset())),
        [hall, attic]
    );
    assert_eq!(on(temperature.gt(8)), [attic]);
    assert_eq!(on(temperature.ge(8.0)), [attic, cellar]);
    assert_eq!(on(temperature.lt(90.0)), [cellar]);
    assert_eq!(on(!temperature.le(8.0)), [attic]);
    assert_eq!(
        on(handle!(Device.Seen: Timestamp).eq(Timestamp::from_nanos(7))),
        [hall]
    );
    assert_eq!(on(handle!(Device.Script: Script).contains("+")), [cellar]);
    assert_eq!(
        on(handle!(Device.Script: Option<Script>).eq(Script("1 + 1".into()))),
        [cellar]
    );
    assert_eq!(
        on(handle!(Device.Room: Option<Ref<Device>>).eq(hall)),
        [cellar]
    );
    assert_eq!(
        on(handle!(Device.Friends: Vec<Ref<Device>>).contains(attic)),
        [cellar]
    );
    let lamp = location::<Lamp>().contains("tt");
    assert_eq!(
        Select::new(&world.tree).filter(lamp).ids().unwrap(),
        [attic]
    );
    let none = location::<Lamp>().eq("hall");
    assert_eq!(Select::new(&world.tree).filter(none).count().unwrap(), 0);
}

#[test]
fn rows_have_what_the_struct_has() {
    let (world, [hall, attic, cellar]) = world();
    let temperature = handle!(Device.Temperature: Option<f64>);
    let select = || Select::<_, Device>::new(&world.tree).order_by(temperature.descending());
    let rows = select().all().unwrap();
    assert_eq!(
        rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        [attic, cellar, hall]
    );
    assert_eq!(rows[0].name, "0003");
    assert_eq!(
        rows[0].value,
        Device {
            location: "attic".into(),
            temperature: Some(90.0)
        }
    );
    assert_eq!(select().first().unwrap().unwrap().id, attic);
    assert_eq!(select().limit(0).first().unwrap(), None);
    let page = select().page(None, 2).unwrap();
    assert_eq!(page.hits[1].id, cellar);
    let rest = select().page(page.next.as_ref(), 2).unwrap();
    assert_eq!(
        (rest.hits.len(), rest.hits[0].id, rest.next),
        (1, hall, None)
    );
    let by_location = Select::<_, Device>::new(&world.tree).order_by(location());
    assert_eq!(by_location.ids().unwrap(), [attic, cellar, hall]);
}

/// Writes down what it is told, as a transaction does.
struct Noting<'a> {
    tree: &'a Tree,
    found: RefCell<Vec<Found>>,
    snapshots: Cell<usize>,
}

impl Source for Noting<'_> {
    const NOTES: bool = true;

    fn view<R>(&self, read: impl FnOnce(&Tree) -> Result<R>) -> Result<R> {
        read(self.tree)
    }

    fn snapshot<R>(&self, read: impl FnOnce(&Tree) -> Result<R>) -> Result<R> {
        self.snapshots.set(self.snapshots.get() + 1);
        self.view(read)
    }

    fn note(&self, found: Found) {
        self.found.borrow_mut().push(found);
    }
}

#[test]
fn a_source_is_told_what_was_read() {
    let (world, [hall, _, cellar]) = world();
    let noting = Noting {
        tree: &world.tree,
        found: RefCell::default(),
        snapshots: Cell::new(0),
    };
    let device = world.type_id("Device");
    let field = |name: &str| world.tree.field_id(device, name).unwrap();
    let select = || {
        Select::<_, Device>::new(&noting)
            .filter(location().contains("l"))
            .order_by(handle!(Device.Temperature: Option<f64>))
    };
    let read = vec![field("Location"), field("Temperature")];
    select().ids().unwrap();
    select().count().unwrap();
    for found in noting.found.take() {
        assert_eq!(
            found,
            Found {
                ids: vec![cellar, hall],
                fields: read.clone()
            }
        );
    }
    select().first().unwrap();
    let found = noting.found.take().remove(0);
    assert_eq!(found.ids, [cellar]);
    assert!(found.fields.contains(&FieldId::NAME) && found.fields.contains(&field("Friends")));
    select().limit(10).all().unwrap();
    select().page(None, 10).unwrap();
    assert_eq!(noting.snapshots.get(), 0);
    select().all().unwrap();
    assert_eq!(noting.snapshots.get(), 1);
}

#[test]
fn errors_come_through() {
    let (world, _) = world();
    let unknown: Field<Device, i64> = handle!(Device.Weight: i64);
    let error = Select::new(&world.tree)
        .filter(unknown.gt(1))
        .ids()
        .unwrap_err();
    assert!(matches!(error, Error::UnknownField { .. }));
    let mut empty = World::new([Device::schema()]);
    empty
        .step(crate::model::Op::SetSchema(Box::new(
            Schema::new("Device").field("Location", Kind::String),
        )))
        .unwrap();
    let id = empty.create("Device", &[]);
    let error = Select::<_, Device>::new(&empty.tree).all().unwrap_err();
    assert_eq!(
        error,
        Error::Unset {
            entity: empty.tree.subject(id),
            field: "Location".into()
        }
    );
}

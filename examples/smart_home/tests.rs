//! The home under test: a clock that only the test moves.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use qlib::TestApp;
use qlib::prelude::*;

use crate::lights::follow_people;
use crate::model::{Device, Power, Room, furnish};
use crate::report::{count_switchings, report};
use crate::sensors::Sensors;
use crate::thermostat::Thermostat;

#[qlib::test(workers(Thermostat), preload = furnish)]
async fn the_thermostat_waits_between_its_thresholds(app: TestApp) {
    let hall = app.store().find("/Hall").unwrap();
    let mut room = app.store().entity::<Room>(hall).unwrap();
    let mut heating = app.record(Room::FIELDS.Heating);
    // 19 °C at the start: it heats already.
    assert_eq!(room.heating().unwrap(), Power::On);
    for degrees in [20.4, 20.9, 21.1, 20.6, 20.1, 19.9] {
        room.set_temperature(degrees).commit().await.unwrap();
        app.settle().await;
    }
    heating.assert([Power::Off, Power::On]);
    room.set_target(15.0).commit().await.unwrap();
    app.settle().await;
    heating.assert([Power::Off]);
}

#[qlib::test(workers(Sensors, Thermostat), preload = furnish)]
async fn rooms_stay_near_their_target(app: TestApp) {
    app.advance(Duration::from_secs(60)).await;
    let mut temperatures = app.record(Room::FIELDS.Temperature);
    app.advance(Duration::from_secs(60)).await;
    let temperatures = temperatures.take();
    assert_eq!(temperatures.len(), 3 * 120);
    assert!(
        temperatures
            .iter()
            .all(|degrees| (19.5..21.5).contains(degrees))
    );
}

#[qlib::test(workers(Sensors, follow_people), preload = furnish)]
async fn lights_follow_people(app: TestApp) {
    let lit = || {
        let lights = app.store().select::<Device>().all().unwrap();
        lights
            .iter()
            .filter(|light| light.value.status == Power::On)
            .count()
    };
    assert_eq!(lit(), 0);
    for _ in 0..6 {
        app.advance(Duration::from_secs(2)).await;
        assert_eq!(lit(), 1);
    }
    app.assert_dead_letters(0);
}

#[qlib::test(workers(count_switchings, report), preload = furnish)]
async fn a_report_is_told_once_a_day(app: TestApp) {
    let light = app.store().select::<Device>().first().unwrap().unwrap().id;
    let switched = |app: &TestApp| app.store().read(light, Device::FIELDS.Switched).unwrap();
    let hour = Duration::from_secs(60 * 60);
    for status in [Power::On, Power::Off, Power::On] {
        let mut light = app.store().entity::<Device>(light).unwrap();
        light.set_status(status).commit().await.unwrap();
    }
    // What is done is not done again.
    let app = app.restart(hour).await;
    assert_eq!(switched(&app), 2);
    let app = app.restart(22 * hour).await;
    assert_eq!(switched(&app), 2);
    let app = app.restart(3 * hour).await;
    assert_eq!(switched(&app), 0, "the day ended two hours ago");
}

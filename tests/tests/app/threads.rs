//! Work that other threads hand to the main thread.

use std::thread;

use qlib::TestApp;

use crate::common::{note, noted};

#[qlib::test]
async fn work_from_another_thread_runs_in_order(app: TestApp) {
    let main = app.main_thread();
    thread::spawn(move || {
        for number in 0..1_024 {
            main.run(move |_| note(number.to_string())).unwrap();
        }
        assert_eq!(
            main.run(|_| ()).unwrap_err().to_string(),
            "work for the main thread is refused: 1024 pieces wait already"
        );
    })
    .join()
    .unwrap();
    app.settle().await;
    let expected: Vec<_> = (0..1_024).map(|number| number.to_string()).collect();
    assert_eq!(noted(), expected);
}

#[qlib::test]
async fn work_that_panics_harms_nothing(app: TestApp) {
    let main = app.main_thread();
    main.run(|_| panic!("bad day")).unwrap();
    main.run(|cx| note(cx.app().name())).unwrap();
    app.settle().await;
    assert_eq!(noted(), ["test"]);
}

#[test]
fn what_is_left_runs_at_the_end() {
    let plan = qlib::__private::TestPlan::new();
    let main = qlib::__private::run_test(plan, |app| async move {
        let main = app.main_thread();
        app.shutdown();
        for number in 0..3 {
            main.run(move |_| note(number.to_string())).unwrap();
        }
        main
    });
    assert_eq!(noted(), ["0", "1", "2"]);
    assert_eq!(
        main.run(|_| ()).unwrap_err().to_string(),
        "work for the main thread is refused: the application has ended"
    );
}

//! Work that other threads hand to the main thread.

use std::future::Future;
use std::task::Poll;

use tokio::sync::mpsc;

use crate::app::Cx;
use crate::app::call::guarded;
use crate::model::{Error, Result};

/// Pieces of work that wait at most.
const QUEUE: usize = 1024;

pub(crate) type Work = Box<dyn FnOnce(&mut Cx) + Send>;

/// A handle by which any thread runs work on the main thread, in the order in which it was handed
/// over.
///
/// ```
/// use qlib::prelude::*;
///
/// fn listen(app: &App) {
///     let main = app.main_thread();
///     std::thread::spawn(move || {
///         // A library that blocks, and calls from a thread of its own.
///         main.run(|cx| tracing::info!(revision = cx.store().revision(), "called"))
///     });
/// }
/// ```
#[derive(Clone, Debug)]
pub struct MainThread {
    queue: mpsc::Sender<Work>,
}

impl MainThread {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Work>) {
        let (queue, work) = mpsc::channel(QUEUE);
        (Self { queue }, work)
    }

    /// Hands work to the main thread; returns at once.
    ///
    /// # Errors
    /// [`Error::Refused`]: 1,024 pieces wait already, or the application has ended.
    pub fn run(&self, work: impl FnOnce(&mut Cx) + Send + 'static) -> Result<()> {
        self.queue
            .try_send(Box::new(work))
            .map_err(|error| Error::Refused {
                what: "work for the main thread".into(),
                reason: match error {
                    mpsc::error::TrySendError::Full(_) => {
                        format!("{QUEUE} pieces wait already").into()
                    }
                    mpsc::error::TrySendError::Closed(_) => "the application has ended".into(),
                },
            })
    }
}

/// Runs the work until the application ends, then what is left.
pub(crate) async fn serve(
    mut work: mpsc::Receiver<Work>,
    mut cx: Cx,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = std::future::poll_fn(|context| match work.poll_recv(context) {
            Poll::Ready(piece) => Poll::Ready(piece),
            Poll::Pending => stop.as_mut().poll(context).map(|()| None),
        });
        match next.await {
            Some(piece) => run(piece, &mut cx),
            None => break,
        }
    }
    work.close();
    while let Ok(piece) = work.try_recv() {
        run(piece, &mut cx);
    }
}

fn run(piece: Work, cx: &mut Cx) {
    let (app, name) = (cx.app.clone(), cx.handler.clone());
    if let Err(failure) = guarded(app.beat(), &name, || piece(cx)) {
        tracing::error!(%failure, "work that was handed to the main thread failed");
    }
}

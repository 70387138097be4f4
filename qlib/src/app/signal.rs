//! Values that go from one worker to others, in one process.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll};

use smol_str::{SmolStr, format_smolstr};
use tokio::sync::mpsc;

use crate::model::{Error, Result};

/// Values that wait for one handler.
pub(crate) const QUEUE: usize = 1024;

/// An output of a worker: handlers with `#[on_signal(Worker.signal)]` get what is emitted, in order.
///
/// A worker has it as a field, made by `Default`.
///
/// ```
/// use qlib::prelude::*;
///
/// #[derive(Default)]
/// struct Monitor {
///     pub overheated: Signal<f64>,
/// }
///
/// #[worker]
/// impl Monitor {
///     #[every("1s")]
///     async fn measure(&mut self) -> Result<()> {
///         self.overheated.emit(81.5)
///     }
/// }
///
/// #[on_signal(Monitor.overheated)]
/// async fn alarm(value: f64) -> Result<()> {
///     tracing::warn!(value, "overheated");
///     Ok(())
/// }
/// ```
pub struct Signal<T> {
    listeners: Rc<RefCell<Vec<Listener<T>>>>,
}

/// A signal, whatever it carries.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no signal",
    label = "this field is no signal",
    note = "a handler reacts to a field of type `Signal<T>` of another worker; to react to a field of an entity, write `#[on_change(Entity.Field)]`"
)]
pub trait AnySignal: 'static {
    /// What it carries.
    type Value: Clone + 'static;

    #[doc(hidden)]
    fn signal(&self) -> &Signal<Self::Value>;
}

impl<T: Clone + 'static> AnySignal for Signal<T> {
    type Value = T;

    fn signal(&self) -> &Self {
        self
    }
}

/// The sending end of a handler's inbox.
pub(crate) struct Listener<T> {
    handler: SmolStr,
    queue: mpsc::Sender<(T, Option<Awaited>)>,
}

/// Goes with a value whose emitter waits until it is handled: dropping it says so.
pub(crate) type Awaited = mpsc::Sender<()>;

impl<T> Clone for Listener<T> {
    fn clone(&self) -> Self {
        Self {
            handler: self.handler.clone(),
            queue: self.queue.clone(),
        }
    }
}

impl<T> Default for Signal<T> {
    fn default() -> Self {
        Self {
            listeners: Rc::default(),
        }
    }
}

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        Self {
            listeners: Rc::clone(&self.listeners),
        }
    }
}

impl<T> fmt::Debug for Signal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signal with {} listeners", self.listeners.borrow().len())
    }
}

impl<T: Clone + 'static> Signal<T> {
    /// Gives `value` to every handler that listens.
    ///
    /// # Errors
    /// [`Error::SignalFull`]: 1,024 values wait for a handler already. The others got the value.
    pub fn emit(&self, value: T) -> Result<()> {
        self.emit_with(&value, None)
    }

    /// As [`Signal::emit`]; what is returned completes when every handler is done with the value.
    pub(crate) fn emit_awaited(&self, value: T) -> (impl Future<Output = ()> + use<T>, Result<()>) {
        let (awaited, mut done) = mpsc::channel(1);
        let outcome = self.emit_with(&value, Some(&awaited));
        drop(awaited);
        // Nothing is ever sent: the channel closes when all are done.
        let done = async move { done.recv().await.unwrap_or_default() };
        (done, outcome)
    }

    fn emit_with(&self, value: &T, awaited: Option<&Awaited>) -> Result<()> {
        let mut full = None;
        self.listeners.borrow_mut().retain(|listener| {
            let outcome = listener.queue.try_send((value.clone(), awaited.cloned()));
            if let Err(mpsc::error::TrySendError::Full(_)) = outcome {
                full.get_or_insert_with(|| listener.handler.clone());
            }
            !matches!(outcome, Err(mpsc::error::TrySendError::Closed(_)))
        });
        match full {
            None => Ok(()),
            Some(handler) => Err(Error::SignalFull {
                signal: format_smolstr!("{} for {handler}", std::any::type_name::<T>()),
                limit: QUEUE,
            }),
        }
    }

    pub(crate) fn connect(&self, listener: Listener<T>) {
        self.listeners.borrow_mut().push(listener);
    }
}

/// The two ends of the queue of a handler's signal.
pub(crate) fn inbox<T: 'static>(handler: SmolStr) -> (Listener<T>, Box<dyn Inbox>) {
    let (queue, inbox) = mpsc::channel::<(T, Option<Awaited>)>(QUEUE);
    (Listener { handler, queue }, Box::new(inbox))
}

/// The receiving end of a signal, whatever its type.
pub(crate) trait Inbox {
    /// The next value.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<(Rc<dyn Any>, Option<Awaited>)>;
}

impl<T: 'static> Inbox for mpsc::Receiver<(T, Option<Awaited>)> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<(Rc<dyn Any>, Option<Awaited>)> {
        match self.poll_recv(context) {
            Poll::Ready(Some((value, awaited))) => Poll::Ready((Rc::new(value), awaited)),
            // Without an emitter nothing comes any more.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

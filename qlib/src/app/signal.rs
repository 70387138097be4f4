//! Values that go from one worker to others, in one process.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll};

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
/// let monitor = Monitor::default();
/// monitor.overheated.emit(81.5)?; // nobody listens yet: nothing happens
/// # Ok::<(), qlib::Error>(())
/// ```
pub struct Signal<T> {
    listeners: Rc<RefCell<Vec<mpsc::Sender<T>>>>,
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
        let mut full = false;
        self.listeners
            .borrow_mut()
            .retain(|listener| match listener.try_send(value.clone()) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    full = true;
                    true
                }
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            });
        if full {
            return Err(Error::SignalFull {
                signal: std::any::type_name::<T>().into(),
                limit: QUEUE,
            });
        }
        Ok(())
    }

    pub(crate) fn connect(&self, listener: mpsc::Sender<T>) {
        self.listeners.borrow_mut().push(listener);
    }
}

/// The receiving end of a signal, whatever its type.
pub(crate) trait Inbox {
    /// The next value.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Rc<dyn Any>>;
}

impl<T: 'static> Inbox for mpsc::Receiver<T> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Rc<dyn Any>> {
        match self.poll_recv(context) {
            Poll::Ready(Some(value)) => Poll::Ready(Rc::new(value)),
            // Without an emitter nothing comes any more.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

//! Everything that is logged, at every level.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What was logged in this process.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Arc<Mutex<String>>);

/// Notes what is logged from now on.
pub(super) fn take() -> Notes {
    static NOTES: OnceLock<Notes> = OnceLock::new();
    let notes = NOTES.get_or_init(|| {
        let notes = Notes::default();
        tracing::subscriber::set_global_default(notes.clone()).expect("nobody else listens");
        notes
    });
    notes.clone()
}

impl Notes {
    pub(super) fn so_far(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl Visit for Notes {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Notes {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

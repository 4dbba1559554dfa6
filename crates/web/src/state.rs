//! What handlers of the wallet share.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::FromRef;
use warifu_app::{App, Caller, Surroundings};

use crate::front::Front;
use crate::problem::Problem;

/// How much one caller may ask.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests a second, on average, from one terminal, member, partner or seat in a review; twice as many at once. `None` for no limit.
    pub requests_per_second: Option<NonZeroU32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests_per_second: NonZeroU32::new(200) }
    }
}

/// The state of the web server. Cloning it shares it.
#[derive(Clone, Debug)]
pub struct Web {
    pub(crate) app: Arc<App>,
    pub(crate) front: Front,
    pub(crate) around: Arc<Surroundings>,
    plays_notes: bool,
}

impl FromRef<Web> for Front {
    fn from_ref(web: &Web) -> Self {
        web.front.clone()
    }
}

impl Web {
    /// A web server for `app`.
    #[must_use]
    pub fn new(app: Arc<App>, limits: Limits) -> Self {
        let front = Front::new(Arc::clone(app.board()), limits);
        let around = Arc::new(Surroundings::unknown(limits.requests_per_second));
        Self { app, front, around, plays_notes: false }
    }

    /// The same, not shared yet, which knows what surrounds it, for the page of readiness.
    #[must_use]
    pub fn surrounded_by(self, around: Surroundings) -> Self {
        Self { around: Arc::new(around), ..self }
    }

    /// The same, not shared yet, where ATMs without a machine have buttons that play one: for a demonstration, where no money is real.
    #[must_use]
    pub fn playing_notes(self) -> Self {
        Self { plays_notes: true, ..self }
    }

    pub(crate) const fn plays_notes(&self) -> bool {
        self.plays_notes
    }

    /// Says on `/readyz` that this process is ending, so that nobody sends it more work.
    pub fn begin_draining(&self) {
        self.front.begin_draining();
    }

    /// Counts a request of `caller` against its limit.
    pub(crate) fn admit(&self, caller: &Caller) -> Result<(), Problem> {
        self.front.admit(&match caller {
            Caller::Terminal(terminal) => terminal.id.bytes(),
            Caller::Member(phone) => phone.member.bytes(),
            Caller::Partner(partner) => partner.id.bytes(),
        })
    }
}

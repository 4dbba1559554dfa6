//! Beginning a review, taking seats in it by links, and leaving it.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use warifu_core::id::ReviewId;
use warifu_core::review::{Basis, Body, Progress, Role, SEATS_MAX, State, Statement};
use warifu_core::time::Time;
use warifu_store::{Invitation, Review, StoreError, Transaction};

use super::item::{body_text, record};
use super::{Answer, ReviewFault, SeatKey, facilitator_and_review, held, name_of, or_say, seated, sitter};
use crate::board::{Begin, Board};
use crate::fault::Fault;
use crate::random;

/// What the text of a seat's key begins with.
pub(super) const SEAT_KEY_PREFIX: &str = "wfr_";
/// How long a link is good.
const LINK_LIFE: Duration = Duration::from_secs(7 * 86_400);
/// How often one key is looked at that asks several times at once.
const TRIES: usize = 3;

/// A link by which browsers take seats.
#[derive(Debug)]
pub struct InvitationLink {
    /// To be opened in each browser.
    pub link: SecretString,
    /// What the seats allow.
    pub role: Role,
    /// How many there are.
    pub seats: u32,
    /// The first moment at which it is no longer good.
    pub expires_at: Time,
}

impl Board {
    /// Begins a review whose facilitator is whoever has this key. Who asks again with the same key is told the same.
    ///
    /// # Errors
    /// [`ReviewFault::Role`] where nobody may begin one in a browser; [`Fault::NotFound`] if there is no such chart;
    /// [`Fault::Invalid`] if the name cannot stand there.
    pub async fn begin_review(
        &self,
        key: &SeatKey,
        name: &str,
        (chart_key, version): (&str, Option<u32>),
    ) -> Result<(ReviewId, Role), ReviewFault> {
        if self.begin() == Begin::Operator {
            return Err(ReviewFault::Role);
        }
        let new = self.new_review(name, (chart_key, version)).await?;
        self.sit(key, move |transaction| {
            let new = new.clone();
            Box::pin(async move {
                new.create(transaction).await?;
                Ok(Some((new.id, Role::Facilitator)))
            })
        })
        .await
    }

    /// Gives a key a seat where `find` says, unless it has one, and says where it sits. Of several that ask at once with one key one is
    /// served, and the others are told the same.
    pub(super) async fn sit<F>(&self, key: &SeatKey, find: F) -> Result<(ReviewId, Role), ReviewFault>
    where
        F: for<'t> Fn(&'t mut Transaction) -> BoxFuture<'t, Result<Option<(ReviewId, Role)>, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        let (find, mac) = (Arc::new(find), key.newest()?);
        for _ in 0..TRIES {
            let (key, find) = (key.clone(), Arc::clone(&find));
            let taken = self.database.write(move |transaction| {
                Box::pin(async move {
                    if let Ok(known) = seated(transaction, &key).await? {
                        return Ok(Some((known.seat.review, known.seat.role)));
                    }
                    let Some((review, role)) = find(transaction).await? else { return Ok(None) };
                    if transaction.create_seat(mac, review, role).await? {
                        return Ok(Some((review, role)));
                    }
                    // The same key was faster in another transaction. Nothing of this one stays.
                    Err(StoreError::Conflict("this key has just taken a seat".to_owned()))
                })
            });
            match taken.await {
                Ok(Some(seat)) => {
                    self.live.nudge();
                    return Ok(seat);
                }
                // Used up perhaps by the same key a moment ago: then the next try finds its seat.
                Ok(None) | Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::Link.into())
    }

    /// Begins a review for an operator, in which nobody sits yet.
    ///
    /// # Errors
    /// As [`Board::begin_review`].
    pub async fn add_review(&self, name: &str, chart: (&str, Option<u32>)) -> Result<ReviewId, ReviewFault> {
        let new = self.new_review(name, chart).await?;
        let id = new.id;
        self.database.write(move |transaction| Box::pin(async move { new.create(transaction).await })).await?;
        Ok(id)
    }

    async fn new_review(&self, name: &str, (key, version): (&str, Option<u32>)) -> Result<NewReview, ReviewFault> {
        let chart = self.chart_text(key, version).await?;
        let name = Statement { text: name.trim().to_owned(), basis: Basis::Conjecture, sources: Vec::new() };
        name.check()?;
        if name.text.is_empty() || name.text.chars().count() > 100 {
            return Err(Fault::Invalid("The name of a case has 1 to 100 characters.".to_owned()).into());
        }
        let at = self.clock.now();
        Ok(NewReview { id: ReviewId::generate(at, random::bytes()?), chart, name, at })
    }

    /// Makes a link for as many seats, good for a week.
    ///
    /// # Errors
    /// [`ReviewFault::Role`] unless a facilitator asks; [`Fault::Invalid`] if there are more seats than a review has.
    pub async fn invite(&self, key: &SeatKey, role: Role, seats: u32) -> Result<InvitationLink, ReviewFault> {
        let (made, link) = self.new_invitation(role, seats)?;
        let key = key.clone();
        let kept = self.tell(move |transaction| {
            Box::pin(async move {
                let (sitter, _) = or_say!(facilitator_and_review(transaction, &key).await?);
                keep(transaction, Invitation { review: sitter.seat.review, ..made }).await
            })
        });
        kept.await?;
        Ok(link)
    }

    /// The same for an operator: for the first facilitator, or for one whose browser is lost.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is no such review.
    pub async fn invite_to(&self, review: ReviewId, role: Role, seats: u32) -> Result<InvitationLink, ReviewFault> {
        let (made, link) = self.new_invitation(role, seats)?;
        let kept = self.tell(move |transaction| {
            Box::pin(async move {
                if transaction.lock_review(review).await?.is_none() {
                    return Ok(Err(ReviewFault::Fault(Fault::NotFound("review with this id"))));
                }
                keep(transaction, Invitation { review, ..made }).await
            })
        });
        kept.await?;
        Ok(link)
    }

    fn new_invitation(&self, role: Role, seats: u32) -> Result<(Invitation, InvitationLink), ReviewFault> {
        if !(1..=SEATS_MAX).contains(&seats) {
            return Err(Fault::Invalid(format!("A link is for 1 to {SEATS_MAX} seats.")).into());
        }
        let (token, mac) = self.keys.new_token("wfi_")?;
        let expires_at = self.clock.now().saturating_add(LINK_LIFE);
        // Behind the #, so that it is in no log of a server.
        let link = format!("{}/reviews#{}", self.origin(), token.expose_secret()).into();
        let review = ReviewId::from_bytes([0; 16]);
        Ok((
            Invitation { mac, review, role, seats_left: seats, expires_at },
            InvitationLink { link, role, seats, expires_at },
        ))
    }

    /// Ends all links of the review; seats that were taken stay.
    ///
    /// # Errors
    /// [`ReviewFault::Role`] unless a facilitator asks.
    pub async fn end_invitations(&self, key: &SeatKey) -> Result<(), ReviewFault> {
        let key = key.clone();
        let ended = self.tell(move |transaction| {
            Box::pin(async move {
                let (sitter, _) = or_say!(facilitator_and_review(transaction, &key).await?);
                transaction.delete_invitations_of(sitter.seat.review).await.map(Ok)
            })
        });
        ended.await
    }

    /// Takes a seat by a link. Who asks again with the same key is told the same, whatever became of the link.
    ///
    /// # Errors
    /// [`Fault::Link`] if the link is none, is used up, was ended, or is too old.
    pub async fn take_seat(&self, key: &SeatKey, token: &str) -> Result<(ReviewId, Role), ReviewFault> {
        let (macs, now) = (self.keys.token_macs(token), self.clock.now());
        self.sit(key, move |transaction| {
            let macs = macs.clone();
            Box::pin(async move {
                for mac in macs {
                    if let Some(link) = transaction.take_invitation(mac, now).await? {
                        return Ok(Some((link.review, link.role)));
                    }
                }
                Ok(None)
            })
        })
        .await
    }

    /// Leaves the review. What was marked stays and is collected; nobody can change it any more.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for the only facilitator.
    pub async fn leave(&self, key: &SeatKey) -> Result<(), ReviewFault> {
        let key = key.clone();
        let left = self.tell(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(seated(transaction, &key).await?);
                let review = or_say!(held(transaction, &sitter).await?);
                let people = transaction.count_seats(review.id).await?;
                if sitter.seat.role == Role::Facilitator && people.facilitators <= 1 {
                    let text = "The only facilitator cannot leave. Invite another one first.";
                    return Ok(Err(ReviewFault::Fault(Fault::Invalid(text.to_owned()))));
                }
                transaction.delete_seat(sitter.seat.mac).await.map(Ok)
            })
        });
        left.await?;
        self.live.nudge();
        Ok(())
    }

    /// Says that one has marked what one wanted, or takes it back. It is a count to the others.
    ///
    /// # Errors
    /// [`ReviewFault::Role`] for a seat that marks nothing.
    pub async fn set_done(&self, key: &SeatKey, is_done: bool) -> Result<(), ReviewFault> {
        let key = key.clone();
        let noted = self.tell(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                if !sitter.seat.role.writes() {
                    return Ok(Err(ReviewFault::Role));
                }
                transaction.save_seat_done(sitter.seat.mac, is_done).await.map(Ok)
            })
        });
        noted.await?;
        self.live.nudge();
        Ok(())
    }

    /// Removes a review with everything in it, for good; for an operator.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is none.
    pub async fn remove_review(&self, id: ReviewId) -> Result<(), Fault> {
        let removed = self.database.write(move |transaction| Box::pin(transaction.delete_review(id)));
        if removed.await? { Ok(()) } else { Err(Fault::NotFound("review with this id")) }
    }

    /// All reviews, for an operator: id, name and how far each is.
    ///
    /// # Errors
    /// What the store said.
    pub async fn list_reviews(&self) -> Result<Vec<(Review, String)>, Fault> {
        let found = self.database.read(|transaction| {
            Box::pin(async move {
                let mut found = Vec::new();
                for review in transaction.list_reviews().await? {
                    let name = transaction.find_item(review.id, "case", "name").await?.and_then(|item| item.body);
                    found.push((review, name));
                }
                Ok(found)
            })
        });
        Ok(found.await?.into_iter().map(|(review, json)| (review, name_of(json))).collect())
    }
}

/// A review that is to be begun.
#[derive(Clone)]
struct NewReview {
    id: ReviewId,
    chart: String,
    name: Statement,
    at: Time,
}

impl NewReview {
    async fn create(&self, transaction: &mut Transaction) -> Result<(), StoreError> {
        transaction.create_review(self.id, &self.chart, self.at).await?;
        let Some(mut review) = transaction.lock_review(self.id).await? else { return Ok(()) };
        let progress = Progress { state: State::Open, step: 1 };
        for (kind, key, body) in
            [("progress", "review", Body::Progress(progress)), ("case", "name", Body::Statement(self.name.clone()))]
        {
            record(transaction, &mut review, (kind, key), 1, Some(body_text(&body)), self.at).await?;
        }
        transaction.save_review(&review).await
    }
}

/// Keeps a link, where there is room for that many, and forgets old ones.
async fn keep(transaction: &mut Transaction, link: Invitation) -> Answer<()> {
    transaction.delete_old_of_reviews(link.expires_at.saturating_sub(LINK_LIFE)).await?;
    let taken = transaction.count_seats(link.review).await?.count();
    let open = transaction.sum_invitations(link.review).await?;
    if taken.saturating_add(open).saturating_add(link.seats_left) > SEATS_MAX {
        let text = format!("A review has {SEATS_MAX} seats; {taken} are taken, and links for {open} are open.");
        return Ok(Err(Fault::Invalid(text).into()));
    }
    transaction.create_invitation(&link).await.map(Ok)
}

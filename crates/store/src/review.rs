//! Failure reviews: the review itself, who sits in it, and how many look at it.
//!
//! No row says who wrote or marked anything, nor when somebody came.

pub(crate) mod file;
pub(crate) mod item;
pub(crate) mod library;
pub(crate) mod mark;

use warifu_core::id::ReviewId;
use warifu_core::review::Role;
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

/// A review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// The chart that it keeps to, as text.
    pub chart: String,
    /// Whether nothing is written any more.
    pub is_complete: bool,
    /// How often it was completed.
    pub round: i64,
    /// The number of the change by which marks were collected last; 0 if they never were.
    pub collected: i64,
    /// How many items it has, removed ones included.
    pub items: i64,
    /// The number of its last change.
    pub change_number: i64,
}

/// A seat in a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The hash of the key that one browser has.
    pub mac: [u8; 32],
    /// In which review.
    pub review: ReviewId,
    /// What it allows.
    pub role: Role,
    /// Whether whoever sits there has marked what they wanted.
    pub is_done: bool,
}

/// A link by which browsers take seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The hash of its token.
    pub mac: [u8; 32],
    /// In which review.
    pub review: ReviewId,
    /// What the seats allow.
    pub role: Role,
    /// How many may be taken still.
    pub seats_left: u32,
    /// The first moment at which it is no longer good.
    pub expires_at: Time,
}

/// How many sit in a review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// Who lead.
    pub facilitators: u32,
    /// Who mark and write.
    pub participants: u32,
    /// Who read.
    pub readers: u32,
    /// Programs that hand in results: nobody at all.
    pub programs: u32,
    /// How many of the first two have marked what they wanted.
    pub done: u32,
}

impl People {
    /// How many seats are taken.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.facilitators.saturating_add(self.participants).saturating_add(self.readers).saturating_add(self.programs)
    }
}

statements! {
    CREATE_REVIEW (Blob, Text, Int) -> ()
        "INSERT INTO reviews (id, chart, is_complete, round, collected, items, change_number, created_at) \
         VALUES ($1, $2, 0, 0, 0, 0, 0, $3)";
    FIND_REVIEW (Blob) -> (Blob, Text, Int, Int, Int, Int, Int)
        "SELECT id, chart, is_complete, round, collected, items, change_number FROM reviews WHERE id = $1";
    LOCK_REVIEW (Blob) -> (Blob, Text, Int, Int, Int, Int, Int)
        "UPDATE reviews SET change_number = change_number WHERE id = $1 \
         RETURNING id, chart, is_complete, round, collected, items, change_number";
    SAVE_REVIEW (Blob, Int, Int, Int, Int, Int) -> ()
        "UPDATE reviews SET is_complete = $2, round = $3, collected = $4, items = $5, change_number = $6 WHERE id = $1";
    FIND_CHANGE_NUMBER (Blob) -> (Int) "SELECT change_number FROM reviews WHERE id = $1";
    DELETE_ALL_OF_PRESENCE (Blob) -> () "DELETE FROM review_presence WHERE review_id = $1";
    DELETE_ALL_OF_FILES (Blob) -> () "DELETE FROM review_files WHERE review_id = $1";
    DELETE_ALL_OF_MARKS (Blob) -> () "DELETE FROM review_marks WHERE review_id = $1";
    DELETE_ALL_OF_DRAFTS (Blob) -> () "DELETE FROM review_drafts WHERE review_id = $1";
    DELETE_ALL_OF_CHANGES (Blob) -> () "DELETE FROM review_changes WHERE review_id = $1";
    DELETE_ALL_OF_ITEMS (Blob) -> () "DELETE FROM review_items WHERE review_id = $1";
    DELETE_ALL_OF_INVITATIONS (Blob) -> () "DELETE FROM review_invitations WHERE review_id = $1";
    DELETE_ALL_OF_SEATS (Blob) -> () "DELETE FROM review_seats WHERE review_id = $1";
    DELETE_REVIEW (Blob) -> () "DELETE FROM reviews WHERE id = $1";
    LIST_REVIEWS () -> (Blob, Text, Int, Int, Int, Int, Int)
        "SELECT id, chart, is_complete, round, collected, items, change_number FROM reviews ORDER BY id";
    CREATE_SEAT (Blob, Blob, Text) -> ()
        "INSERT INTO review_seats (key_mac, review_id, role, is_done) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING";
    FIND_SEAT (Blob) -> (Blob, Blob, Text, Int)
        "SELECT key_mac, review_id, role, is_done FROM review_seats WHERE key_mac = $1";
    SAVE_SEAT_DONE (Blob, Int) -> () "UPDATE review_seats SET is_done = $2 WHERE key_mac = $1";
    DELETE_SEAT (Blob) -> () "DELETE FROM review_seats WHERE key_mac = $1";
    COUNT_SEATS (Blob) -> (Text, Int, Int)
        "SELECT role, count(*), CAST(sum(is_done) AS bigint) FROM review_seats WHERE review_id = $1 GROUP BY role ORDER BY role";
    CREATE_INVITATION (Blob, Blob, Text, Int, Int) -> ()
        "INSERT INTO review_invitations (mac, review_id, role, seats_left, expires_at) VALUES ($1, $2, $3, $4, $5)";
    TAKE_INVITATION (Blob, Int) -> (Blob, Blob, Text, Int, Int)
        "UPDATE review_invitations SET seats_left = seats_left - 1 \
         WHERE mac = $1 AND seats_left > 0 AND expires_at > $2 RETURNING mac, review_id, role, seats_left, expires_at";
    SUM_INVITATIONS (Blob) -> (Int)
        "SELECT CAST(coalesce(sum(seats_left), 0) AS bigint) FROM review_invitations WHERE review_id = $1";
    DELETE_INVITATIONS_OF (Blob) -> () "DELETE FROM review_invitations WHERE review_id = $1";
    DELETE_INVITATIONS (Int) -> () "DELETE FROM review_invitations WHERE expires_at < $1";
    SAVE_PRESENCE (Blob, Blob, Int, Int) -> ()
        "INSERT INTO review_presence (review_id, node, present, until) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (review_id, node) DO UPDATE SET present = $3, until = $4";
    COUNT_PRESENCE (Blob, Int) -> (Int)
        "SELECT CAST(coalesce(sum(present), 0) AS bigint) FROM review_presence WHERE review_id = $1 AND until > $2";
    DELETE_PRESENCE (Int) -> () "DELETE FROM review_presence WHERE until < $1";
}

impl Transaction {
    /// Keeps a new review.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_review(&mut self, id: ReviewId, chart: &str, at: Time) -> Result<(), StoreError> {
        let row = [id.bytes().into(), chart.into(), at.unix_micros().into()];
        self.execute(&CREATE_REVIEW, &row).await.map(drop)
    }

    /// The review with this id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_review(&mut self, id: ReviewId) -> Result<Option<Review>, StoreError> {
        self.row(&FIND_REVIEW, &[id.bytes().into()]).await?.map(|row| read_review(&row)).transpose()
    }

    /// The review with this id, which nobody else changes until this transaction has ended.
    ///
    /// # Errors
    /// What the database said.
    pub async fn lock_review(&mut self, id: ReviewId) -> Result<Option<Review>, StoreError> {
        self.row(&LOCK_REVIEW, &[id.bytes().into()]).await?.map(|row| read_review(&row)).transpose()
    }

    /// Keeps where a review is now; its chart stays.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_review(&mut self, review: &Review) -> Result<(), StoreError> {
        let row = [
            review.id.bytes().into(),
            review.is_complete.into(),
            review.round.into(),
            review.collected.into(),
            review.items.into(),
            review.change_number.into(),
        ];
        self.execute(&SAVE_REVIEW, &row).await.map(drop)
    }

    /// The number of the last change of a review.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_change_number(&mut self, id: ReviewId) -> Result<Option<i64>, StoreError> {
        self.row(&FIND_CHANGE_NUMBER, &[id.bytes().into()]).await?.map(|row| row.int(0)).transpose()
    }

    /// Removes a review and everything in it, for good. `false` if there is none.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_review(&mut self, id: ReviewId) -> Result<bool, StoreError> {
        // Held first, so that nobody adds to it meanwhile.
        self.lock_review(id).await?;
        let parts = [
            &DELETE_ALL_OF_PRESENCE,
            &DELETE_ALL_OF_FILES,
            &DELETE_ALL_OF_MARKS,
            &DELETE_ALL_OF_DRAFTS,
            &DELETE_ALL_OF_CHANGES,
            &DELETE_ALL_OF_ITEMS,
            &DELETE_ALL_OF_INVITATIONS,
            &DELETE_ALL_OF_SEATS,
        ];
        for statement in parts {
            self.erase(statement, &[id.bytes().into()]).await?;
        }
        Ok(self.execute(&DELETE_REVIEW, &[id.bytes().into()]).await? == 1)
    }

    /// All reviews, the oldest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_reviews(&mut self) -> Result<Vec<Review>, StoreError> {
        self.rows(&LIST_REVIEWS, &[]).await?.iter().map(read_review).collect()
    }

    /// Gives a seat. `false` if this key has one.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_seat(&mut self, mac: [u8; 32], review: ReviewId, role: Role) -> Result<bool, StoreError> {
        let row = [mac.into(), review.bytes().into(), role.text().into()];
        Ok(self.execute(&CREATE_SEAT, &row).await? == 1)
    }

    /// The seat of a key.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_seat(&mut self, mac: [u8; 32]) -> Result<Option<Seat>, StoreError> {
        let read = |row: Row| {
            Ok(Seat {
                mac: row.bytes(0)?,
                review: ReviewId::from_bytes(row.bytes(1)?),
                role: row.parsed(2, Role::parse)?,
                is_done: row.is(3)?,
            })
        };
        self.row(&FIND_SEAT, &[mac.into()]).await?.map(read).transpose()
    }

    /// Notes whether whoever has this seat has marked what they wanted.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_seat_done(&mut self, mac: [u8; 32], is_done: bool) -> Result<(), StoreError> {
        self.execute(&SAVE_SEAT_DONE, &[mac.into(), is_done.into()]).await.map(drop)
    }

    /// Ends a seat.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_seat(&mut self, mac: [u8; 32]) -> Result<(), StoreError> {
        self.execute(&DELETE_SEAT, &[mac.into()]).await.map(drop)
    }

    /// How many sit in a review.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_seats(&mut self, review: ReviewId) -> Result<People, StoreError> {
        let mut people = People::default();
        for row in self.rows(&COUNT_SEATS, &[review.bytes().into()]).await? {
            let count = row.converted(1, |count| u32::try_from(count).ok())?;
            let done = row.converted(2, |count| u32::try_from(count).ok())?;
            match row.parsed(0, Role::parse)? {
                Role::Facilitator => people.facilitators = count,
                Role::Participant => people.participants = count,
                Role::Reader => people.readers = count,
                Role::Program => people.programs = count,
            }
            people.done = people.done.saturating_add(done);
        }
        Ok(people)
    }

    /// Keeps a link by which browsers take seats.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_invitation(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        let row = [
            invitation.mac.into(),
            invitation.review.bytes().into(),
            invitation.role.text().into(),
            i64::from(invitation.seats_left).into(),
            invitation.expires_at.unix_micros().into(),
        ];
        self.execute(&CREATE_INVITATION, &row).await.map(drop)
    }

    /// Takes a seat from a link that is good now, and gives the link as it is then.
    ///
    /// # Errors
    /// What the database said.
    pub async fn take_invitation(&mut self, mac: [u8; 32], now: Time) -> Result<Option<Invitation>, StoreError> {
        let read = |row: Row| {
            Ok(Invitation {
                mac: row.bytes(0)?,
                review: ReviewId::from_bytes(row.bytes(1)?),
                role: row.parsed(2, Role::parse)?,
                seats_left: row.converted(3, |seats| u32::try_from(seats).ok())?,
                expires_at: row.converted(4, Time::from_unix_micros)?,
            })
        };
        self.row(&TAKE_INVITATION, &[mac.into(), now.unix_micros().into()]).await?.map(read).transpose()
    }

    /// How many seats the links of a review can still give.
    ///
    /// # Errors
    /// What the database said.
    pub async fn sum_invitations(&mut self, review: ReviewId) -> Result<u32, StoreError> {
        let found = self.row(&SUM_INVITATIONS, &[review.bytes().into()]).await?;
        found.map_or(Ok(0), |row| row.converted(0, |seats| u32::try_from(seats).ok()))
    }

    /// Ends all links of a review.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_invitations_of(&mut self, review: ReviewId) -> Result<(), StoreError> {
        self.execute(&DELETE_INVITATIONS_OF, &[review.bytes().into()]).await.map(drop)
    }

    /// Forgets links that have expired, and nodes that told nothing of who looks at what.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_old_of_reviews(&mut self, now: Time) -> Result<(), StoreError> {
        self.execute(&DELETE_INVITATIONS, &[now.unix_micros().into()]).await?;
        self.execute(&DELETE_PRESENCE, &[now.unix_micros().into()]).await.map(drop)
    }

    /// Notes how many browsers look at a review through a node, good until then.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_presence(
        &mut self,
        review: ReviewId,
        node: [u8; 16],
        present: u32,
        until: Time,
    ) -> Result<(), StoreError> {
        let row = [review.bytes().into(), node.into(), i64::from(present).into(), until.unix_micros().into()];
        self.execute(&SAVE_PRESENCE, &row).await.map(drop)
    }

    /// How many browsers look at a review now, on all nodes.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_presence(&mut self, review: ReviewId, now: Time) -> Result<u32, StoreError> {
        let found = self.row(&COUNT_PRESENCE, &[review.bytes().into(), now.unix_micros().into()]).await?;
        found.map_or(Ok(0), |row| row.converted(0, |present| u32::try_from(present).ok()))
    }
}

fn read_review(row: &Row) -> Result<Review, StoreError> {
    Ok(Review {
        id: ReviewId::from_bytes(row.bytes(0)?),
        chart: row.text(1)?.to_owned(),
        is_complete: row.is(2)?,
        round: row.int(3)?,
        collected: row.int(4)?,
        items: row.int(5)?,
        change_number: row.int(6)?,
    })
}

//! Why a command was not answered by a decision. The ledger's refusals are not here: they are answers.

use warifu_store::StoreError;

/// What kept a command or a question from its answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Too much is waiting. Certainly nothing was done.
    #[error("too many commands are waiting")]
    Overloaded,
    /// It waited past its deadline and was dropped. Certainly nothing was done.
    #[error("the command waited too long and was dropped")]
    TimedOut,
    /// The request key stands for another request. Nothing was done.
    #[error("the request_id was used for another request")]
    RequestIdConflict,
    /// The process is ending and takes no more. Nothing was done.
    #[error("the service is shutting down")]
    ShuttingDown,
    /// The store failed. Unless it says otherwise, what became of a command is unknown.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A thing that is named does not exist.
    #[error("there is no {0}")]
    NotFound(&'static str),
    /// A text is not what it must be.
    #[error("{0}")]
    Invalid(String),
    /// The member has to sign in once more before this.
    #[error("this needs a fresh proof of who is asking")]
    StepUp,
    /// The wallet pays from another device.
    #[error("the wallet pays from another device")]
    NotThisDevice,
    /// The wallet was moved to another device lately and moves no further.
    #[error("the wallet was moved to another device lately")]
    Cooling,
    /// The bill was paid, cancelled, refused or has expired. Nothing was done.
    #[error("the bill cannot be paid any more")]
    BillClosed,
    /// No member who confirmed the bill was given this number. Nothing was done.
    #[error("nobody was given this number")]
    NumberUnknown,
    /// The member has made too many bills that are open still. Nothing was done.
    #[error("too many bills are open; pay one, or wait a minute")]
    TooManyBills,
    /// A link by which a browser would become a terminal, or take a seat in a review, was used, was ended, or is too old.
    #[error("this link was used, or is too old")]
    Link,
    /// A passkey, or what stands in for one, is not believed.
    #[error("{0}")]
    Passkey(&'static str),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(String),
}

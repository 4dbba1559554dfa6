//! What Warifu does. Each use case gathers what a decision needs, lets `warifu-core` decide, and records what came of it.
//!
//! This is the one crate that supplies time, random bytes and secrets to decisions. It knows neither SQL nor HTTP.

mod access;
mod backup;
mod balance;
mod bill;
mod board;
mod bookkeeper;
pub mod chart_file;
mod clock;
mod code;
mod commit;
mod device;
mod enrollment;
mod event;
mod expiry;
mod fault;
mod issuer;
mod keys;
mod live;
mod member;
mod merchant;
mod open;
mod partner;
mod passkey;
mod payment;
mod random;
mod readiness;
mod refund;
mod review;
mod sandbox;
mod session;
mod shop_day;
mod signature;
mod terminal;
mod topup;
mod transaction;
mod trial;
mod webhook;

pub use access::{AccessDenied, Caller};
pub use backup::{BackupError, Manifest, Restored, back_up, restore};
pub use balance::Balance;
pub use bill::{BILL_LIFE, BillRequest, BillState, Confirmed, Found, OpenBill, ShownBill, ShownShopCode};
pub use board::{Begin, Board, BoardSettings};
pub use clock::{Clock, ManualClock, SystemClock};
pub use code::ShownCode;
pub use commit::{Receipt, Statistics};
pub use device::{DeviceKey, DeviceRequest, Handset, NewDevice, Paying};
pub use enrollment::{LINK_LIFE, Station, TerminalLink};
pub use event::cursor::{EventCursor, EventCursorError};
pub use event::feed::EventPage;
pub use event::{Event, EventData, EventTransfer};
pub use fault::Fault;
pub use issuer::CorrectionRequest;
pub use keys::{KeyError, KeyRing};
pub use live::{Update, Updates};
pub use member::NewMember;
pub use open::{App, OpenError, Settings};
pub use partner::NewPartner;
pub use passkey::{Begun, PASSKEYS_MAX, RECOVERY_CODES, check_origin};
pub use payment::{CancelTarget, CaptureRequest, PaymentRequest};
pub use random::new_trace_id;
pub use readiness::{
    ExposureStatement, PastAnswer, Readiness, ReviewStanding, ShownLine, ShownMeasure, Surroundings, is_near,
    parse_section,
};
pub use refund::RefundRequest;
pub use review::{
    Became, BroughtChart, ColumnMark, Crowd, Export, FILE_SIZE_MAX, Incident, InvitationLink, Look, MeasureResult,
    OwnMark, Reported, Results, ReviewFault, SeatKey, SharedMeasure, ShownChart, Table, Told, Watch, Written,
    parse_review, read_body,
};
pub use sandbox::Scenario;
pub use session::{FRESH, NewSession, Phone, SESSION_IDLE, SESSION_LIFE};
pub use shop_day::{DayPage, DayTotals};
pub use signature::{SIGNATURE_WINDOW, SignedRequest, TerminalSignature, sign};
pub use terminal::NewTerminal;
pub use topup::TopUpRequest;
pub use transaction::{Course, HistoryItem, HistoryPage, Whereabouts};
pub use warifu_store::{
    AccountSum, Bill, BillClaim, BoundSession, Change, Credential, Database, DatabaseUrl, Delivery, DeliveryStatus,
    Device, Invariant, KeptFile, KeptItem, Merchant, MigrateError, Options, Partner, People, Progress, Recorded,
    Report, Review, Seat, Shop, ShopSum, StoreError, Terminal, Trial, Violation, Webhook, WebhookStatus,
};
pub use webauthn_rs::prelude::{
    CreationChallengeResponse, PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse,
};
pub use webhook::{BACK_OFF, DeliveryPage, NewWebhook, PrivateAddresses, WEBHOOKS_MAX, WebhookStatistics};

//! Devices and sessions by the clock: how long a session lives, how long a wallet cools, and who may say otherwise.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use warifu_app::{
    AccessDenied, Caller, DeviceKey, DeviceRequest, FRESH, Fault, NewDevice, NewSession, Phone, SignedRequest,
};
use warifu_core::refusal::Refusal;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{Town, refusal};

const DAY: Duration = Duration::from_secs(86_400);

/// A device that signs in by a recovery code.
async fn recovered(town: &Town, code: &str) -> (DeviceKey, NewSession) {
    let key = DeviceKey::generate().unwrap();
    let device = NewDevice::new(&key.public_key(), "Safari, iPhone").unwrap();
    let session = town.app.recover(code, device).await.unwrap();
    (key, session)
}

fn request(town: &Town, key: &DeviceKey, method: &str, nonce: &str) -> DeviceRequest {
    let (unix_seconds, body_sha256) = (town.clock_now().unix_micros() / 1_000_000, SignedRequest::digest(b""));
    DeviceRequest {
        unix_seconds,
        nonce: nonce.to_owned(),
        signature: key.sign(method, "/v1/me", unix_seconds, nonce, &body_sha256).unwrap(),
        method: method.to_owned(),
        path: "/v1/me".to_owned(),
        body_sha256,
    }
}

async fn phone(town: &Town, key: &DeviceKey, session: &NewSession) -> Result<Phone, AccessDenied> {
    let token = session.token.expose_secret();
    match town.app.caller_of_session(token, request(town, key, "GET", "nonce-0123456789")).await? {
        Caller::Member(phone) => Ok(phone),
        other => panic!("{other:?}"),
    }
}

async fn recovery_codes(town: &Town) -> Vec<String> {
    let codes = town.app.make_recovery_codes(&town.member.phone).await.unwrap();
    codes.iter().map(|code| code.expose_secret().to_owned()).collect()
}

on_both_databases! {
    /// A wallet that was moved pays little for a day, counted with what it paid before, and moves no further; then it is as before.
    async fn a_wallet_cools_for_a_day(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 90_000).await;
        let code = town.code().await;
        town.pay("p-1", &code, 4_000).await.unwrap();
        let codes = recovery_codes(&town).await;
        let old_code = town.code().await;
        let (key, session) = recovered(&town, &codes[0]).await;
        let new = phone(&town, &key, &session).await.unwrap();
        assert!(matches!(town.app.issue_code(&new, false).await, Err(Fault::NotThisDevice)));
        town.app.move_here(&new).await.unwrap();
        town.app.move_here(&new).await.unwrap();
        assert_eq!(refusal(&town.pay("p-2", &old_code, 1).await.unwrap().record), Some(Refusal::CodeExpired));
        assert!(matches!(town.app.issue_code(&town.member.phone, false).await, Err(Fault::NotThisDevice)));
        assert!(matches!(town.app.move_here(&town.member.phone).await, Err(Fault::Cooling)));

        let pay = async |request_id: &str, amount| {
            let code = town.app.issue_code(&new, false).await.unwrap().code;
            refusal(&town.pay(request_id, &code, amount).await.unwrap().record)
        };
        assert_eq!(pay("p-3", 6_001).await, Some(Refusal::LimitExceeded));
        assert_eq!(pay("p-4", 6_000).await, None, "with what was paid before, as much as it may");
        let paying = town.app.paying(&new).await.unwrap();
        assert!(paying.pays && paying.cooling_until.is_some());
        town.clock.advance(DAY - Duration::from_secs(1));
        assert!(matches!(town.app.move_here(&town.member.phone).await, Err(Fault::StepUp)), "its session is not fresh");
        assert_eq!(pay("p-5", 5_000).await, Some(Refusal::LimitExceeded));
        town.clock.advance(Duration::from_secs(1));
        assert_eq!(pay("p-6", 50_000).await, None);
        assert_eq!(town.app.paying(&new).await.unwrap().cooling_until, None);
        assert!(matches!(town.app.consent_to_move(&town.member.phone).await, Err(Fault::NotThisDevice)), "it is over");
        town.close_clean(&database).await;
    }

    /// Only the device that the wallet was moved from lifts the cooling or objects, and only while it cools.
    async fn only_the_device_before_is_asked(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 90_000).await;
        let codes = recovery_codes(&town).await;
        let (key, session) = recovered(&town, &codes[0]).await;
        let new = phone(&town, &key, &session).await.unwrap();
        let (other_key, other) = recovered(&town, &codes[1]).await;
        let other = phone(&town, &other_key, &other).await.unwrap();
        assert!(matches!(town.app.dispute_move(&town.member.phone).await, Err(Fault::NotThisDevice)), "nothing was moved");
        town.app.move_here(&new).await.unwrap();
        for stranger in [&new, &other] {
            assert!(matches!(town.app.consent_to_move(stranger).await, Err(Fault::NotThisDevice)));
            assert!(matches!(town.app.dispute_move(stranger).await, Err(Fault::NotThisDevice)));
        }
        assert!(matches!(town.app.move_here(&other).await, Err(Fault::Cooling)));
        assert!(town.app.paying(&town.member.phone).await.unwrap().was_taken);
        town.app.consent_to_move(&town.member.phone).await.unwrap();
        let code = town.app.issue_code(&new, false).await.unwrap().code;
        assert_eq!(refusal(&town.pay("p-1", &code, 50_000).await.unwrap().record), None);
        town.app.move_here(&other).await.unwrap();
        town.app.dispute_move(&new).await.unwrap();
        let code = town.app.issue_code(&other, false).await.unwrap().code;
        assert_eq!(refusal(&town.pay("p-2", &code, 1).await.unwrap().record), Some(Refusal::WalletFrozen));
        town.close_clean(&database).await;
    }

    /// A session lives for 30 days without use and 180 in any case; what needs a fresh proof, for five minutes.
    async fn a_session_ends_by_the_clock(database: TestDatabase) {
        let town = Town::found(&database).await;
        let codes = recovery_codes(&town).await;
        let (key, idle) = recovered(&town, &codes[0]).await;
        let fresh = phone(&town, &key, &idle).await.unwrap();
        town.app.make_recovery_codes(&fresh).await.unwrap();
        town.clock.advance(FRESH);
        assert!(matches!(town.app.make_recovery_codes(&fresh).await, Err(Fault::StepUp)));
        town.clock.advance(DAY * 29);
        assert!(phone(&town, &key, &idle).await.is_ok(), "used within 30 days");
        for _ in 0..7 {
            town.clock.advance(DAY * 20);
            assert!(phone(&town, &key, &idle).await.is_ok());
        }
        town.clock.advance(DAY * 11);
        assert!(matches!(phone(&town, &key, &idle).await, Err(AccessDenied::UnknownToken)), "180 days are over");
        // What is used from the command line has no such end.
        let handset = &town.member.handset;
        let asked = handset.sign("GET", "/v1/me", town.clock_now(), b"").unwrap();
        assert!(town.app.caller_of_session(handset.token().expose_secret(), asked).await.is_ok());
        assert!(matches!(town.app.recover(&codes[1], NewDevice::new(&key.public_key(), "x").unwrap()).await, Err(Fault::Passkey(_))),
            "codes that were replaced are worth nothing");
        town.close_clean(&database).await;
    }

    /// What changes something is believed once; a question within two minutes; nothing by another key.
    async fn a_phones_request_is_believed_once(database: TestDatabase) {
        let town = Town::found(&database).await;
        let codes = recovery_codes(&town).await;
        let (key, session) = recovered(&town, &codes[0]).await;
        let token = session.token.expose_secret();
        let post = request(&town, &key, "POST", "nonce-of-a-change");
        assert!(town.app.caller_of_session(token, post.clone()).await.is_ok());
        assert!(matches!(town.app.caller_of_session(token, post.clone()).await, Err(AccessDenied::Replayed)));
        let get = request(&town, &key, "GET", "nonce-of-a-question");
        assert!(town.app.caller_of_session(token, get.clone()).await.is_ok());
        assert!(town.app.caller_of_session(token, get.clone()).await.is_ok());
        town.clock.advance(Duration::from_secs(121));
        assert!(matches!(town.app.caller_of_session(token, get).await, Err(AccessDenied::NotTimely)));
        let thief = DeviceKey::generate().unwrap();
        let stolen = request(&town, &thief, "GET", "nonce-of-a-thief-1");
        assert!(matches!(town.app.caller_of_session(token, stolen).await, Err(AccessDenied::WrongSignature)));
        let asked = phone(&town, &key, &session).await.unwrap();
        town.app.end_session(asked.member, asked.session).await.unwrap();
        assert!(matches!(phone(&town, &key, &session).await, Err(AccessDenied::UnknownToken)));
    }

    /// A ticket is good once and for ten seconds; a ceremony for five minutes.
    async fn tickets_and_ceremonies_expire(database: TestDatabase) {
        let town = Town::found(&database).await;
        let ticket = town.app.live_ticket(&town.member.phone).await.unwrap();
        assert_eq!(town.app.take_live_ticket(ticket.expose_secret()).await.unwrap(), town.member.id);
        assert!(matches!(town.app.take_live_ticket(ticket.expose_secret()).await, Err(AccessDenied::UnknownToken)));
        let late = town.app.live_ticket(&town.member.phone).await.unwrap();
        town.clock.advance(Duration::from_secs(10));
        assert!(matches!(town.app.take_live_ticket(late.expose_secret()).await, Err(AccessDenied::UnknownToken)));
        let begun = town.app.begin_sign_up().await.unwrap();
        let options = serde_json::to_value(&begun.options).unwrap();
        assert_eq!(options["publicKey"]["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(options["publicKey"]["authenticatorSelection"]["userVerification"], "required");
        let begun = town.app.begin_sign_in().await.unwrap();
        assert_eq!(serde_json::to_value(&begun.options).unwrap().get("mediation"), None);
        assert_eq!(database.query_raw("SELECT count(*) FROM ceremonies").await, [["2"]]);
    }
}

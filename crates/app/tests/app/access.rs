//! Who is believed: bearer tokens and signed requests, each once, in time, and as what they are.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use warifu_app::{AccessDenied, Caller, NewTerminal, SIGNATURE_WINDOW, SignedRequest, TerminalSignature, sign};
use warifu_core::id::TerminalId;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{Town, morning, terminal_of};

const PATH: &str = "/v1/payments";

/// A request that `terminal` signed.
pub(crate) fn signed(terminal: &NewTerminal, unix_seconds: i64, nonce: &str, body: &[u8]) -> SignedRequest {
    SignedRequest {
        terminal: terminal.terminal.id,
        unix_seconds,
        nonce: nonce.to_owned(),
        signature: TerminalSignature::Secret(sign(
            terminal.signing_secret.expose_secret(),
            "POST",
            PATH,
            unix_seconds,
            nonce,
            body,
        )),
        method: "POST".to_owned(),
        path: PATH.to_owned(),
        body_sha256: SignedRequest::digest(body),
    }
}

fn now() -> i64 {
    morning().unix_micros() / 1_000_000
}

on_both_databases! {
    /// A token is its owner's, as often as it is shown; a text that is nobody's token is refused.
    async fn a_bearer_token_names_its_owner(database: TestDatabase) {
        let town = Town::found(&database).await;
        // The second time it is answered from memory.
        for _ in 0..2 {
            assert_eq!(terminal_of(&town.app, &town.till).await.unwrap(), town.till.terminal);
            assert_eq!(terminal_of(&town.app, &town.other_till).await.unwrap(), town.other_till.terminal);
        }
        let token = town.till.token.expose_secret();
        let handset = town.member.handset.text();
        let session = handset.expose_secret().split('.').next().unwrap();
        assert!(token.starts_with("wft_") && session.starts_with("wfm_"));
        for wrong in [
            "",
            "wft_",
            &token[..token.len() - 1],
            &format!("{token}A"),
            &token.replacen("wft_", "wfm_", 1),
            &token.to_uppercase(),
            // A session is worth nothing without its device.
            session,
            town.till.signing_secret.expose_secret(),
            &town.till.terminal.id.to_string(),
        ] {
            let refused = town.app.caller_of_token(wrong).await;
            assert!(matches!(refused, Err(AccessDenied::UnknownToken)), "{wrong}");
        }
    }

    /// A signed request names its terminal once; the same request again is a replay, and so is another with its nonce.
    async fn a_signed_request_is_believed_once(database: TestDatabase) {
        let town = Town::found(&database).await;
        let request = signed(&town.till, now(), "nonce-0123456789", b"{}");
        let caller = town.app.caller_of_signature(request.clone()).await.unwrap();
        assert!(matches!(caller, Caller::Terminal(terminal) if terminal == town.till.terminal));
        let other_body = signed(&town.till, now(), "nonce-0123456789", b"[]");
        for replayed in [request.clone(), other_body] {
            let refused = town.app.caller_of_signature(replayed).await;
            assert!(matches!(refused, Err(AccessDenied::Replayed)), "{refused:?}");
        }
        let next = signed(&town.till, now(), "nonce-0123456790", b"{}");
        town.app.caller_of_signature(next).await.unwrap();
        let elsewhere = signed(&town.other_till, now(), "nonce-0123456789", b"{}");
        town.app.caller_of_signature(elsewhere).await.unwrap();
        // A replay is refused for as long as the request would be timely, and after that because it is not.
        town.clock.advance(SIGNATURE_WINDOW);
        assert!(matches!(town.app.caller_of_signature(request.clone()).await, Err(AccessDenied::Replayed)));
        town.clock.advance(Duration::from_secs(1));
        assert!(matches!(town.app.caller_of_signature(request).await, Err(AccessDenied::NotTimely)));
    }

    /// A nonce is kept while its request could be believed, though the bookkeeper forgets expired ones meanwhile.
    async fn a_nonce_is_kept_as_long_as_its_request_is_timely(database: TestDatabase) {
        let town = Town::found(&database).await;
        let ahead = now() + 120;
        let request = signed(&town.till, ahead, "nonce-0123456789", b"{}");
        town.app.caller_of_signature(request.clone()).await.unwrap();
        town.clock.advance(SIGNATURE_WINDOW * 2);
        // The bookkeeper rests half a second at a time.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert!(matches!(town.app.caller_of_signature(request).await, Err(AccessDenied::Replayed)));
        town.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(database.query_raw("SELECT count(*) FROM nonces").await, [["0"]]);
    }

    /// Two minutes either way are in time, a second more is not; a request that is refused for its time uses no nonce.
    async fn an_untimely_request_is_refused(database: TestDatabase) {
        let town = Town::found(&database).await;
        for seconds in [-121, 121, -100_000, i64::MAX - now()] {
            let request = signed(&town.till, now() + seconds, "nonce-0123456789", b"{}");
            let refused = town.app.caller_of_signature(request).await;
            assert!(matches!(refused, Err(AccessDenied::NotTimely)), "{seconds}");
        }
        for (seconds, nonce) in [(-120, "nonce-0123456789"), (120, "nonce-0123456790")] {
            town.app.caller_of_signature(signed(&town.till, now() + seconds, nonce, b"{}")).await.unwrap();
        }
    }

    /// What is not signed by the terminal it names is refused alike, whether the terminal is there or not, and uses no
    /// nonce.
    async fn a_wrong_signature_is_refused(database: TestDatabase) {
        let town = Town::found(&database).await;
        let good = signed(&town.till, now(), "nonce-0123456789", b"{}");
        let mut wrong = vec![
            SignedRequest { terminal: town.other_till.terminal.id, ..good.clone() },
            SignedRequest { terminal: TerminalId::from_bytes([1; 16]), ..good.clone() },
            SignedRequest { unix_seconds: now() + 1, ..good.clone() },
            SignedRequest { nonce: "nonce-0123456790".to_owned(), ..good.clone() },
            SignedRequest { method: "PUT".to_owned(), ..good.clone() },
            SignedRequest { path: format!("{PATH}?a"), ..good.clone() },
            SignedRequest { body_sha256: SignedRequest::digest(b"[]"), ..good.clone() },
            SignedRequest { signature: TerminalSignature::Secret(String::new()), ..good.clone() },
            SignedRequest { signature: TerminalSignature::Browser(vec![0; 64]), ..good.clone() },
        ];
        let by_token = sign(town.till.token.expose_secret(), "POST", PATH, now(), "nonce-0123456789", b"{}");
        wrong.push(SignedRequest { signature: TerminalSignature::Secret(by_token), ..good.clone() });
        for request in wrong {
            let refused = town.app.caller_of_signature(request.clone()).await;
            assert!(matches!(refused, Err(AccessDenied::WrongSignature)), "{request:?}");
        }
        assert_eq!(database.query_raw("SELECT count(*) FROM nonces").await, [["0"]]);
        town.app.caller_of_signature(good).await.unwrap();
    }

    /// Of the same signed request sent many times at once, one is believed.
    async fn one_of_many_replays_at_once_is_believed(database: TestDatabase) {
        let town = Town::found(&database).await;
        let request = signed(&town.till, now(), "nonce-0123456789", b"{}");
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let (app, request) = (std::sync::Arc::clone(&town.app), request.clone());
            tries.spawn(async move { app.caller_of_signature(request).await });
        }
        let answers = tries.join_all().await;
        let replayed = answers.iter().filter(|answer| matches!(answer, Err(AccessDenied::Replayed))).count();
        assert_eq!((answers.iter().filter(|answer| answer.is_ok()).count(), replayed), (1, 31));
    }
}

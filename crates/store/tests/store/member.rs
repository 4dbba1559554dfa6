//! What members prove themselves by: passkeys, devices, sessions, and what is taken once.

use warifu_core::id::{CeremonyId, CredentialId, DeviceId, SessionId};
use warifu_core::time::Time;
use warifu_store::{BoundSession, Credential, Device, Session};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::round_trip::BYTES;
use crate::story::{MEMBERS, settle, time};

on_both_databases! {
    /// A passkey is found by its authenticator's id, saved by whoever saw its last state, and removed by its member only.
    async fn credentials_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        opened.write(|transaction| Box::pin(async move {
            let credential = Credential {
                id: CredentialId::from_bytes(BYTES),
                member: MEMBERS[0],
                credential_id: vec![0, 1, 0xff],
                passkey: "{\"counter\":1}".to_owned(),
                name: "Chrome, 端末".to_owned(),
                created_at: Time::EPOCH,
                used_at: time(5),
            };
            transaction.create_credential(&credential).await?;
            assert_eq!(transaction.find_credential(&[0, 1, 0xff]).await?.as_ref(), Some(&credential));
            assert_eq!(transaction.list_credentials(MEMBERS[0]).await?, std::slice::from_ref(&credential));
            assert_eq!(transaction.list_credentials(MEMBERS[1]).await?, []);
            assert!(transaction.save_credential(&credential, "{\"counter\":2}", time(6)).await?);
            assert!(!transaction.save_credential(&credential, "{\"counter\":3}", time(7)).await?, "it was saved meanwhile");
            let saved = Credential { passkey: "{\"counter\":2}".to_owned(), used_at: time(6), ..credential.clone() };
            assert_eq!(transaction.find_credential(&[0, 1, 0xff]).await?, Some(saved));
            assert!(!transaction.delete_credential(MEMBERS[1], credential.id).await?);
            assert!(transaction.delete_credential(MEMBERS[0], credential.id).await?);
            assert_eq!(transaction.find_credential(&[0, 1, 0xff]).await?, None);
            Ok(())
        })).await.unwrap();
    }

    /// Ceremonies, tickets and recovery codes are each taken once; what has expired is forgotten.
    async fn what_is_taken_once_is_gone(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        opened.write(|transaction| Box::pin(async move {
            let (one, other) = (CeremonyId::from_bytes([1; 16]), CeremonyId::from_bytes([2; 16]));
            transaction.create_ceremony(one, "state", time(5)).await?;
            transaction.create_ceremony(other, "state", time(6)).await?;
            assert_eq!(transaction.take_ceremony(one).await?, Some(("state".to_owned(), time(5))));
            assert_eq!(transaction.take_ceremony(one).await?, None);
            assert_eq!(transaction.delete_ceremonies(time(6), 9).await?, 0);
            assert_eq!(transaction.delete_ceremonies(time(7), 9).await?, 1);
            assert_eq!(transaction.take_ceremony(other).await?, None);

            let session = SessionId::from_bytes(BYTES);
            transaction.create_ticket([1; 32], session, MEMBERS[0], time(5)).await?;
            transaction.create_ticket([2; 32], session, MEMBERS[0], time(6)).await?;
            assert_eq!(transaction.take_ticket([1; 32]).await?, Some((MEMBERS[0], time(5))));
            assert_eq!(transaction.take_ticket([1; 32]).await?, None);
            assert_eq!(transaction.delete_tickets(time(7), 9).await?, 1);

            transaction.replace_recovery_codes(MEMBERS[0], &[[1; 32], [2; 32]], time(0)).await?;
            assert_eq!(transaction.count_recovery_codes(MEMBERS[0]).await?, 2);
            assert_eq!(transaction.take_recovery_code([1; 32]).await?, Some(MEMBERS[0]));
            assert_eq!(transaction.take_recovery_code([1; 32]).await?, None);
            transaction.replace_recovery_codes(MEMBERS[0], &[[3; 32]], time(0)).await?;
            assert_eq!(transaction.take_recovery_code([2; 32]).await?, None, "earlier ones are worth nothing");
            assert_eq!(transaction.count_recovery_codes(MEMBERS[0]).await?, 1);
            Ok(())
        })).await.unwrap();
    }

    /// A device is found by its key and admitted; a session is found with its device's key, noted, listed, ended and forgotten.
    async fn devices_and_sessions_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        opened.write(|transaction| Box::pin(async move {
            let device = |id: u8| Device {
                id: DeviceId::from_bytes([id; 16]),
                member: MEMBERS[0],
                public_key: [id; 65],
                name: "Safari, iPhone".to_owned(),
                created_at: time(1),
                admitted_at: None,
                moved_from: None,
                cooling_until: None,
                lifted_at: None,
            };
            let (first, second) = (device(4), device(5));
            transaction.create_device(&first).await?;
            transaction.create_device(&second).await?;
            assert_eq!(transaction.find_device_by_key(MEMBERS[0], [4; 65]).await?, Some(first.clone()));
            assert_eq!(transaction.find_device_by_key(MEMBERS[1], [4; 65]).await?, None);
            let payer = transaction.lock_payer(MEMBERS[0]).await?.unwrap();
            transaction.admit_device(&payer, first.id, time(2), None).await?;
            let payer = transaction.find_payer(MEMBERS[0]).await?.unwrap();
            assert_eq!((payer.device, payer.cooling_until), (Some(first.id), None));
            transaction.admit_device(&payer, second.id, time(3), Some(time(9))).await?;
            let payer = transaction.find_payer(MEMBERS[0]).await?.unwrap();
            assert_eq!((payer.device, payer.cooling_until), (Some(second.id), Some(time(9))));
            assert_eq!(transaction.find_wallet(payer.wallet).await?.unwrap().cooling_until, Some(time(9)));
            let admitted = Device {
                admitted_at: Some(time(3)),
                moved_from: Some(first.id),
                cooling_until: Some(time(9)),
                ..second.clone()
            };
            assert_eq!(transaction.find_device(second.id).await?, Some(admitted.clone()));
            transaction.lift_cooling(&payer, second.id, time(4)).await?;
            let lifted = Device { lifted_at: Some(time(4)), ..admitted };
            assert_eq!(transaction.find_device(second.id).await?, Some(lifted));
            let payer = transaction.find_payer(MEMBERS[0]).await?.unwrap();
            assert_eq!((payer.device, payer.cooling_until), (Some(second.id), None));

            let session = |id: u8, idle_until| Session {
                id: SessionId::from_bytes([id; 16]),
                token_mac: [id; 32],
                member: MEMBERS[0],
                device: first.id,
                created_at: time(1),
                used_at: time(2),
                idle_until,
                ends_at: time(90),
            };
            let (idle, lasting) = (session(1, Some(time(50))), session(2, None));
            transaction.create_session(&idle).await?;
            transaction.create_session(&lasting).await?;
            let bound = |session: &Session| BoundSession {
                session: session.clone(),
                public_key: [4; 65],
                device_name: "Safari, iPhone".to_owned(),
            };
            assert_eq!(transaction.find_session_by_token([1; 32]).await?, Some(bound(&idle)));
            assert_eq!(transaction.list_sessions(MEMBERS[0]).await?, [bound(&lasting), bound(&idle)]);
            transaction.use_session(idle.id, time(10), time(60)).await?;
            transaction.use_session(lasting.id, time(10), time(60)).await?;
            let used = Session { used_at: time(10), idle_until: Some(time(60)), ..idle.clone() };
            assert_eq!(transaction.find_session_by_token([1; 32]).await?, Some(bound(&used)));
            let used = Session { used_at: time(10), ..lasting.clone() };
            assert_eq!(transaction.find_session_by_token([2; 32]).await?, Some(bound(&used)));
            assert!(used.is_live(time(89)) && !used.is_live(time(90)));
            assert_eq!(transaction.delete_sessions(time(59), 9).await?, 0);
            assert_eq!(transaction.delete_sessions(time(60), 9).await?, 1);
            assert_eq!(transaction.delete_sessions(time(89), 9).await?, 0);
            transaction.create_session(&idle).await?;
            assert_eq!(transaction.delete_sessions(time(90), 9).await?, 2, "one had ended, one was idle");
            transaction.create_session(&lasting).await?;
            assert_eq!(transaction.delete_session(MEMBERS[1], lasting.id).await?, None);
            assert_eq!(transaction.delete_session(MEMBERS[0], lasting.id).await?, Some([2; 32]));
            assert_eq!(transaction.list_sessions(MEMBERS[0]).await?, []);
            Ok(())
        })).await.unwrap();
    }
}

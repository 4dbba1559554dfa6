//! The story that the demonstration tells: cash becomes a balance, a picture becomes a payment, a retry changes nothing, a
//! refusal moves nothing, a refund and a cancel undo to the yen, and the books prove it.

use std::path::PathBuf;

use serde_json::Value;
use warifu_app::Invariant;

use super::actors::{Phone, Reply, Till};
use super::receipt::{Receipt, yen};
use super::{Cast, Place, open_shop, picture};
use crate::Failure;

/// Tells the whole story. An error means that something was not as it must be.
pub(super) async fn tell(place: &Place<'_>, receipt: &mut Receipt) -> Result<(), Failure> {
    receipt.title(
        receipt.say("WARIFU  a barcode wallet, from end to end", "割符 WARIFU  バーコード決済、はじめから終わりまで"),
    );
    let cast = open_shop(place, receipt.language).await?;
    receipt.row(receipt.say("shop", "店舗"), &cast.shop);
    receipt.row(receipt.say("tills, members", "端末と会員"), "2, 2");
    receipt.row(receipt.say("database", "データベース"), &place.database);
    // Different in every run, so that a second one on the same database asks for something new.
    let run = &cast.phones[0].show_code().await?.text("/code")[8..14].to_owned();
    top_up(place, receipt, &cast, run).await?;
    pay(place, receipt, &cast, run).await?;
    refuse(place, receipt, &cast, run).await?;
    undo(place, receipt, &cast, run).await?;
    history(receipt, &cast.phones[0]).await?;
    verify(place, receipt).await
}

/// A code on a phone, read back from the pictures of it.
struct Shown {
    barcode: String,
    qr: String,
}

async fn show(place: &Place<'_>, phone: &Phone) -> Result<Shown, Failure> {
    let reply = phone.show_code().await?;
    let mut read = Vec::new();
    for picture in reply.body.pointer("/pictures").and_then(Value::as_array).into_iter().flatten() {
        let kind = picture.pointer("/kind").and_then(Value::as_str).unwrap_or_default();
        let data = picture.pointer("/data").and_then(Value::as_str).unwrap_or_default();
        let path = picture_path(place, kind);
        std::fs::write(&path, decode_base64(data)?)?;
        read.push(picture::read(&path)?);
    }
    let [barcode, qr] = <[String; 2]>::try_from(read).map_err(|_| "the reply lacks a picture")?;
    if barcode != reply.text("/code") || qr != reply.text("/jpqr") {
        return Err("a picture does not say what the reply says".into());
    }
    Ok(Shown { barcode, qr })
}

fn picture_path(place: &Place<'_>, kind: &str) -> PathBuf {
    place.dir.join(format!("{}.png", kind.trim_end_matches("_png")))
}

fn decode_base64(text: &str) -> Result<Vec<u8>, Failure> {
    use base64::Engine as _;
    Ok(base64::engine::general_purpose::STANDARD.decode(text)?)
}

async fn top_up(place: &Place<'_>, receipt: &Receipt, cast: &Cast, run: &str) -> Result<(), Failure> {
    let [till, _] = &cast.tills;
    let [phone, _] = &cast.phones;
    receipt.section(receipt.say("Top-up by cash", "現金チャージ"));
    let shown = show(place, phone).await?;
    receipt.row(
        receipt.say("barcode read from", "バーコードを読んだ画像"),
        &picture_path(place, "code128_png").display().to_string(),
    );
    receipt.row(receipt.say("it says", "読み取り"), &in_fours(&shown.barcode));
    let reply = till.top_up(&format!("demo-{run}-topup"), &shown.barcode, 5_000).await?.expect(201)?;
    receipt.row(reply.text("/id"), &yen(reply.number("/amount")?));
    receipt.row(receipt.say("balance", "残高"), &yen(phone.balance().await?));
    Ok(())
}

async fn pay(place: &Place<'_>, receipt: &Receipt, cast: &Cast, run: &str) -> Result<(), Failure> {
    let [_, till] = &cast.tills;
    let [phone, _] = &cast.phones;
    receipt.section(receipt.say("Payment", "支払い"));
    let before = phone.balance().await?;
    let shown = show(place, phone).await?;
    receipt.row(
        receipt.say("QR code read from", "QRコードを読んだ画像"),
        &picture_path(place, "jpqr_png").display().to_string(),
    );
    let request_id = format!("demo-{run}-payment");
    let reply = till.take(&request_id, &shown.qr, 1_200).await?.expect(201)?;
    receipt.row(reply.text("/id"), &yen(reply.number("/amount")?));
    let again = till.take(&request_id, &shown.qr, 1_200).await?.expect(201)?;
    if !again.is_replay || again.body != reply.body {
        return Err("the retry got another reply".into());
    }
    receipt.row(
        receipt.say("the till asks again, unsure", "端末がもう一度送信"),
        receipt.say("same reply, paid once", "同じ返答、支払いは一度だけ"),
    );
    let inquired = till.inquire(&request_id).await?.expect(200)?;
    receipt.row(receipt.say("the till inquires", "端末が照会"), inquired.text("/state"));
    let after = phone.balance().await?;
    if before.checked_sub(after) != Some(1_200) {
        return Err(format!("the balance went from {before} to {after}").into());
    }
    receipt.row(receipt.say("balance", "残高"), &yen(after));
    Ok(())
}

async fn refuse(place: &Place<'_>, receipt: &Receipt, cast: &Cast, run: &str) -> Result<(), Failure> {
    let [till, other_till]: &[Till; 2] = &cast.tills;
    let [phone, poor] = &cast.phones;
    receipt.section(receipt.say("Refusals move nothing", "断られた支払いでは何も動かない"));
    let before = phone.balance().await?;
    let tell = |reply: &Reply, what: &str| receipt.row(what, reply.text("/code"));
    let empty = show(place, poor).await?;
    let reply = till.take(&format!("demo-{run}-empty"), &empty.barcode, 1).await?.expect(422)?;
    tell(&reply, receipt.say("an empty wallet pays ¥1", "空のウォレットで¥1を支払う"));
    let reply = other_till.take(&format!("demo-{run}-bound"), &empty.barcode, 1).await?.expect(422)?;
    tell(&reply, receipt.say("the same code at another till", "同じコードを別の端末で使う"));
    let old = show(place, phone).await?;
    show(place, phone).await?;
    let reply = till.take(&format!("demo-{run}-old"), &old.barcode, 100).await?.expect(422)?;
    tell(&reply, receipt.say("a code that a newer one ended", "新しいコードに替わった古いコード"));
    let reply = till.take(&format!("demo-{run}-old"), &old.barcode, 200).await?.expect(409)?;
    tell(&reply, receipt.say("its request_id with another amount", "同じ request_id で別の金額"));
    if phone.balance().await? != before {
        return Err("a refusal moved money".into());
    }
    receipt.row(receipt.say("balance", "残高"), &yen(before));
    Ok(())
}

async fn undo(place: &Place<'_>, receipt: &Receipt, cast: &Cast, run: &str) -> Result<(), Failure> {
    let [_, till] = &cast.tills;
    let [phone, _] = &cast.phones;
    receipt.section(receipt.say("Undone, to the yen", "返金と取消"));
    let before = phone.balance().await?;
    let payment = till.inquire(&format!("demo-{run}-payment")).await?.expect(200)?;
    let refund = till.refund(&format!("demo-{run}-refund"), payment.text("/id"), 400).await?.expect(201)?;
    receipt.row(refund.text("/id"), &yen(refund.number("/amount")?));
    receipt.row(
        receipt.say("points earned, taken back", "付与・取消ポイント"),
        &format!("{}, {}", payment.number("/points_earned")?, refund.number("/points_taken_back")?),
    );
    let lost = format!("demo-{run}-lost");
    till.cancel(&lost, &format!("demo-{run}-cancel")).await?.expect(201)?;
    let shown = show(place, phone).await?;
    let late = till.take(&lost, &shown.barcode, 700).await?.expect(422)?;
    receipt.row(receipt.say("a payment that comes after its cancel", "取消の後に届いた支払い"), late.text("/code"));
    let after = phone.balance().await?;
    if after.checked_sub(before) != Some(400) {
        return Err(format!("the balance went from {before} to {after}").into());
    }
    receipt.row(receipt.say("balance", "残高"), &yen(after));
    Ok(())
}

async fn history(receipt: &Receipt, phone: &Phone) -> Result<(), Failure> {
    receipt.section(receipt.say("History of member 1", "会員1の履歴"));
    let page = phone.history().await?;
    for item in page.body.pointer("/items").and_then(Value::as_array).into_iter().flatten() {
        let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let number = |pointer: &str| item.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
        let kind = match text("/kind") {
            "top_up" => receipt.say("top-up", "チャージ"),
            "refund" => receipt.say("refund", "返金"),
            _ => receipt.say("payment", "支払い"),
        };
        let change = number("/change");
        let sign = if change < 0 { "-" } else { "+" };
        let left = format!("{}  {kind}", text("/business_date"));
        let balance = receipt.say("balance", "残高");
        let after = yen(number("/transfers/0/balance_after"));
        receipt.row(&left, &format!("{sign}{}   {balance} {after}", yen(change.saturating_abs())));
    }
    Ok(())
}

async fn verify(place: &Place<'_>, receipt: &Receipt) -> Result<(), Failure> {
    receipt.section(receipt.say("The books, verified", "帳簿の検証"));
    let report = place.app.database().verify(|_| {}).await?;
    receipt.row(
        receipt.say("transactions, transfers, wallets", "取引・振替・ウォレット"),
        &format!("{}, {}, {}", report.transactions, report.transfers, report.wallets),
    );
    for invariant in Invariant::ALL {
        receipt.row(
            receipt.say(invariant.says(), in_japanese(invariant)),
            if report.holds(invariant) { receipt.say("holds", "成立") } else { receipt.say("BROKEN", "違反") },
        );
    }
    match report.violations.first() {
        None => Ok(()),
        Some(first) => {
            Err(format!("{} violations; the first: {}: {}", report.violation_count(), first.object, first.detail)
                .into())
        }
    }
}

/// What an invariant says, in Japanese.
const fn in_japanese(invariant: Invariant) -> &'static str {
    match invariant {
        Invariant::Balanced => "どの取引でも借方と貸方が一致する",
        Invariant::Sums => "全勘定の合計がゼロ、集計は仕訳と一致",
        Invariant::NotNegative => "残高は決して負にならない",
        Invariant::Fold => "残高は記入の積み重ねと一致する",
        Invariant::OneEffect => "一つの request_id の効果は一度だけ",
        Invariant::Refunds => "返金は売上以内、売上は与信以内、与信は一度だけ閉じる",
        Invariant::CodeOnce => "コードは期限内に一度、一端末だけで使う",
        Invariant::Unchanged => "どの行も書かれたまま読める",
        Invariant::Stream => "通し番号に欠番なし、時刻は戻らない",
        Invariant::Limits => "どの上限も超えていない",
        Invariant::Payout => "店舗への支払額は売上と1円まで一致",
        Invariant::Cooling => "端末を移した直後は上限までしか使えない",
    }
}

/// `9000 0123 ...`, as a phone shows it.
fn in_fours(digits: &str) -> String {
    digits.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

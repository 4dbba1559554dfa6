//! `/v1/codes`: a member has a payment code made, with the pictures of it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_core::code::Code;

use crate::body::{JsonBody, words};
use crate::caller::AsMember;
use crate::picture::{self, PictureError};
use crate::problem::Problem;
use crate::state::Web;

/// A picture of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PictureKind {
    /// The barcode, as SVG.
    Code128Svg,
    /// The barcode, as PNG.
    Code128Png,
    /// The QR code, as SVG.
    JpqrSvg,
    /// The QR code, as PNG.
    JpqrPng,
}

/// What a member asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeIssue {
    /// The pictures to draw; none if absent.
    #[serde(default, deserialize_with = "words")]
    #[schema(max_items = 4)]
    pictures: Vec<PictureKind>,
    /// Whether a payment by this code uses points, in the order of their expiry beside money.
    #[serde(default)]
    use_points: bool,
}

/// A drawn picture.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Picture {
    /// Which one.
    kind: PictureKind,
    /// `image/svg+xml` or `image/png`.
    media_type: &'static str,
    /// The SVG's text, or the PNG in Base64.
    data: String,
}

/// A payment code. It is shown in this reply and kept nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IssuedCode {
    /// The 24 digits of the barcode.
    #[schema(pattern = "^[0-9]{24}$")]
    code: String,
    /// The text of the QR code (JPQR, consumer-presented).
    jpqr: String,
    /// From when it is good, RFC 3339, UTC.
    #[schema(format = DateTime)]
    issued_at: String,
    /// The first moment at which it is no longer good.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The pictures that were asked for.
    pictures: Vec<Picture>,
}

/// Have a payment code made.
///
/// It is good for one use within five minutes and ends the one before. There is no `request_id`: asking again is safe,
/// since only the newest code is good. Codes are made on the device that the wallet pays from, and on no other.
#[utoipa::path(
    post,
    path = "/v1/codes",
    tag = "codes",
    operation_id = "issueCode",
    security(("member_session" = [], "member_signature" = [])),
    request_body = CodeIssue,
    responses(
        (status = 201, description = "The code", body = IssuedCode),
        (status = 409, description = "`not_this_device`: the wallet pays from another device", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn issue(
    State(web): State<Web>,
    AsMember(phone): AsMember,
    JsonBody(request): JsonBody<CodeIssue>,
) -> Result<(StatusCode, Json<IssuedCode>), Problem> {
    let kinds = distinct(request.pictures)?;
    let shown = web.app.issue_code(&phone, request.use_points).await?;
    let pictures = draw(&kinds, &shown.code)?;
    let issued = IssuedCode {
        code: shown.code.digits().to_owned(),
        jpqr: shown.code.jpqr(),
        issued_at: shown.issued_at.to_string(),
        expires_at: shown.expires_at.to_string(),
        pictures,
    };
    Ok((StatusCode::CREATED, Json(issued)))
}

/// Which pictures are wanted, each once.
pub(crate) fn distinct(mut kinds: Vec<PictureKind>) -> Result<Vec<PictureKind>, Problem> {
    if kinds.len() > 4 {
        return Err(Problem::invalid("pictures are at most 4. Nothing was done."));
    }
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}

/// Draws a code in each of these ways.
pub(crate) fn draw(kinds: &[PictureKind], code: &Code) -> Result<Vec<Picture>, Problem> {
    kinds.iter().map(|kind| picture_of(*kind, code)).collect::<Result<_, _>>().map_err(|error: PictureError| {
        tracing::error!(%error, "a code could not be drawn");
        Problem::unavailable()
    })
}

fn picture_of(kind: PictureKind, code: &Code) -> Result<Picture, PictureError> {
    // Not the digits: a screen reader must not speak them to a whole shop.
    const LABEL: &str = "Payment code";
    const SVG: &str = "image/svg+xml";
    const PNG: &str = "image/png";
    let (media_type, data) = match kind {
        PictureKind::Code128Svg => (SVG, picture::code128_svg(code.digits(), LABEL)?),
        PictureKind::Code128Png => (PNG, BASE64.encode(picture::code128_png(code.digits())?)),
        PictureKind::JpqrSvg => (SVG, picture::qr_svg(&code.jpqr(), LABEL)?),
        PictureKind::JpqrPng => (PNG, BASE64.encode(picture::qr_png(&code.jpqr())?)),
    };
    Ok(Picture { kind, media_type, data })
}

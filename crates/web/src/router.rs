//! Every route there is, and the description that is made of the same handlers.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use warifu_app::FILE_SIZE_MAX;

use crate::front::Front;
use crate::middleware::{BODY_MAX, admit_anyone, authenticate, trace};
use crate::problem::Problem;
use crate::state::Web;
use crate::{
    balances, bills, codes, devices, docs, events, health, history, live, members, pages, passkeys, payments, receipts,
    refunds, reviews, sandbox, sessions, shop, terminals, top_ups, webhooks,
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Warifu",
        description = "The interface of tills, of members' phones and of partners' programs. Amounts are integers in minor units, times RFC 3339 \
            in UTC. Errors are problem documents (RFC 9457); `code` is the stable word. Every creating call of a terminal \
            takes the caller's own `request_id`, by which it can be repeated and inquired safely.",
    ),
    components(schemas(Problem)),
    modifiers(&Security),
    tags(
        (name = "codes", description = "Payment codes, made for members"),
        (name = "payments", description = "Payments, taken by terminals"),
        (name = "refunds", description = "Giving back what was captured"),
        (name = "top-ups", description = "Top-ups by cash at terminals, and from points by members"),
        (name = "bills", description = "The shop's own code, opened and confirmed by members"),
        (name = "terminals", description = "A terminal itself, and how a browser becomes one"),
        (name = "shop", description = "What was done in a shop on a day"),
        (name = "members", description = "Signing up and in, on a device that the session is bound to"),
        (name = "passkeys", description = "A member's passkeys and recovery codes"),
        (name = "devices", description = "Which device a wallet pays from"),
        (name = "live", description = "What happens to a wallet, as it happens"),
        (name = "balances", description = "What a wallet holds"),
        (name = "history", description = "What changed a wallet"),
        (name = "sandbox", description = "Codes for trials of till makers"),
        (name = "events", description = "What happened, for programs of merchants and of the issuer"),
        (name = "webhooks", description = "Being told of events as they happen"),
        (name = "reviews", description = "Failure reviews: what a group marks and writes, by whoever has a seat in it"),
        (name = "charts", description = "Charts of causes"),
        (name = "health", description = "Whether the service lives and can work"),
    )
)]
struct Description;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let bearer = |text: &str| {
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build())
        };
        components.add_security_scheme("terminal_token", bearer("A terminal's bearer token: `wft_...`"));
        let session = ApiKeyValue::with_description(
            crate::device_proof::COOKIE,
            "A member's session, given at sign-in: `wfm_...`",
        );
        components.add_security_scheme("member_session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
        let signature = "The signature of the device that the session is bound to: `time=UNIX_SECONDS, nonce=..., \
            signature=BASE64URL`: ECDSA on P-256 with SHA-256 (r and s, 64 bytes) over `WARIFU-DEVICE`, method, path with \
            query, time, nonce and the hex SHA-256 of the body, joined by line feeds";
        let signature = ApiKeyValue::with_description(crate::device_proof::HEADER, signature);
        components.add_security_scheme("member_signature", SecurityScheme::ApiKey(ApiKey::Header(signature)));
        components.add_security_scheme("partner_token", bearer("A partner's bearer token: `wfp_...`"));
        components.add_security_scheme(
            "seat_key",
            bearer("The key of a seat in a review, which the browser made: `wfr_...`"),
        );
        let signature = "`Warifu-HMAC-SHA256 terminal=trm_..., time=UNIX_SECONDS, nonce=..., signature=HEX`: HMAC-SHA256, \
            keyed with the signing secret, over method, path with query, time, nonce and the hex SHA-256 of the body, \
            joined by line feeds. A browser that is a terminal signs as `Warifu-ECDSA-P256` instead, see docs/interface.md";
        let signature = ApiKeyValue::with_description("Authorization", signature);
        components.add_security_scheme("terminal_signature", SecurityScheme::ApiKey(ApiKey::Header(signature)));
    }
}

fn interface() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(codes::issue))
        .routes(routes!(payments::take))
        .routes(routes!(payments::check))
        .routes(routes!(payments::get))
        .routes(routes!(payments::get_by_request))
        .routes(routes!(payments::capture))
        .routes(routes!(payments::void))
        .routes(routes!(payments::cancel))
        .routes(routes!(payments::cancel_by_request))
        .routes(routes!(receipts::get))
        .routes(routes!(refunds::take))
        .routes(routes!(refunds::get))
        .routes(routes!(refunds::get_by_request))
        .routes(routes!(top_ups::take))
        .routes(routes!(top_ups::from_points))
        .routes(routes!(top_ups::get))
        .routes(routes!(top_ups::get_by_request))
        .routes(routes!(top_ups::cancel))
        .routes(routes!(top_ups::cancel_by_request))
        .routes(routes!(balances::get))
        .routes(routes!(history::list))
        .routes(routes!(members::me))
        .routes(routes!(members::sign_out))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(passkeys::list))
        .routes(routes!(passkeys::begin))
        .routes(routes!(passkeys::finish))
        .routes(routes!(passkeys::remove))
        .routes(routes!(passkeys::make_recovery_codes))
        .routes(routes!(devices::move_here))
        .routes(routes!(devices::consent))
        .routes(routes!(devices::dispute))
        .routes(routes!(live::ticket))
        .routes(routes!(sandbox::issue))
        .routes(routes!(sandbox::trials, sandbox::forget_trials))
        .routes(routes!(bills::pay_in_sandbox))
        .routes(routes!(bills::make))
        .routes(routes!(bills::get))
        .routes(routes!(bills::begin))
        .routes(routes!(bills::pay))
        .routes(routes!(bills::claims::release))
        .routes(routes!(bills::shop_code))
        .routes(routes!(bills::open_code))
        .routes(routes!(shop::transactions))
        .routes(routes!(shop::totals))
        .routes(routes!(terminals::get))
        .routes(routes!(events::list))
        .routes(routes!(webhooks::create, webhooks::list))
        .routes(routes!(webhooks::get, webhooks::delete))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::redeliver))
}

/// What is asked by somebody who is not known yet.
fn doors() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(members::begin_sign_up))
        .routes(routes!(members::finish_sign_up))
        .routes(routes!(members::begin_sign_in))
        .routes(routes!(members::finish_sign_in))
        .routes(routes!(members::recover))
        .routes(routes!(terminals::enroll))
        .routes(routes!(live::open))
}

fn watching() -> OpenApiRouter<Front> {
    OpenApiRouter::new().routes(routes!(health::live)).routes(routes!(health::ready))
}

/// The description of the interface (OpenAPI 3.1).
#[must_use]
pub fn openapi() -> OpenApi {
    let mut description =
        OpenApiRouter::<Web>::with_openapi(Description::openapi()).merge(interface()).merge(doors()).into_openapi();
    for board in [reviews::interface(), reviews::uploads(), reviews::imports(), reviews::reports(), watching()] {
        description.merge(board.into_openapi());
    }
    describe_common_replies(&mut description);
    description
}

/// Every operation under `/v1` can give these replies, so they are described here once.
fn describe_common_replies(description: &mut OpenApi) {
    let common = [
        ("400", "The request is not valid"),
        ("401", "Who is asking is not known"),
        ("403", "This caller may not do this"),
        ("429", "Too many requests; retry after the seconds in Retry-After"),
        ("500", "The service failed; the outcome is unknown"),
        ("503", "`overloaded`: certainly nothing was done; anything else: the outcome is unknown"),
    ];
    let problem = || Content::new(Some(Ref::from_schema_name("Problem")));
    for (path, item) in &mut description.paths.paths {
        if !path.starts_with("/v1/") {
            continue;
        }
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten() {
            for (status, text) in common {
                let reply = ResponseBuilder::new().description(text).content("application/problem+json", problem());
                operation.responses.responses.entry(status.to_owned()).or_insert_with(|| reply.build().into());
            }
        }
    }
}

/// Everything that is served to tills, members and their programs.
pub fn router(web: Web) -> Router {
    let (interface, _) = interface().split_for_parts();
    let (doors, _) = doors().split_for_parts();
    let front = web.front.clone();
    let routes = interface
        .route_layer(from_fn_with_state(web.clone(), authenticate))
        .merge(doors.route_layer(from_fn_with_state(front.clone(), admit_anyone)))
        .merge(pages::router())
        .merge(docs::router(openapi()))
        .with_state(web)
        .merge(board(&front));
    surrounded(routes, front)
}

/// The failure board alone, without a wallet.
pub fn board_router(front: Front) -> Router {
    let home = || async { Redirect::temporary("/reviews") };
    let routes = board(&front).merge(pages::files()).route("/", get(home)).merge(docs::router(openapi()));
    surrounded(routes, front)
}

/// The most that a whole review may have, in bytes: 50 MiB of files in Base64, and what was written.
const IMPORT_MAX: usize = 80 * 1_024 * 1_024;

/// The most that an incident may have, or results that are handed in, in bytes.
const REPORT_MAX: usize = 4 * 1_024 * 1_024;

/// Reviews: their interface, their pages, and whether the process works.
fn board(front: &Front) -> Router {
    let (watching, _) = watching().split_for_parts();
    let (reviews, _) = reviews::interface().split_for_parts();
    let (uploads, _) = reviews::uploads().split_for_parts();
    // One byte more than is kept, so that a file that is just too large is told so in words of its own.
    let uploads = uploads.route_layer(DefaultBodyLimit::max(FILE_SIZE_MAX + 1));
    let (imports, _) = reviews::imports().split_for_parts();
    let imports = imports.route_layer(DefaultBodyLimit::max(IMPORT_MAX));
    let (reports, _) = reviews::reports().split_for_parts();
    let reports = reports.route_layer(DefaultBodyLimit::max(REPORT_MAX));
    let reviews = reviews.route_layer(DefaultBodyLimit::max(BODY_MAX));
    reviews.merge(uploads).merge(imports).merge(reports).merge(watching).with_state(front.clone()).merge(pages::board())
}

/// What every request passes, whatever is served.
pub(crate) fn surrounded(routes: Router, front: Front) -> Router {
    routes
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .fallback(|| async { Problem::not_found("There is nothing at this path.") })
        .layer(map_response(problem_for_plain_errors))
        .layer(from_fn_with_state(front, trace))
}

/// What the framework refuses by itself gets a problem document too.
async fn problem_for_plain_errors(response: Response) -> Response {
    let is_described = response.headers().get(CONTENT_TYPE).is_some_and(|value| value == "application/problem+json");
    if is_described || !(response.status().is_client_error() || response.status().is_server_error()) {
        return response;
    }
    let problem = match response.status().as_u16() {
        404 => Problem::not_found("There is nothing at this path."),
        405 => Problem::method_not_allowed(),
        413 => Problem::payload_too_large(),
        415 => Problem::unsupported_media_type(),
        400..=499 => Problem::invalid("The request is not valid."),
        _ => Problem::unavailable(),
    };
    let mut replaced = problem.into_response();
    if let Some(allow) = response.headers().get("allow") {
        replaced.headers_mut().insert("allow", allow.clone());
    }
    replaced
}

//! What is on the operator's own address: figures for whoever watches, and the page of readiness.
//!
//! That address has no sign-in. So the page is for this machine and private networks alone, and answers nobody who came by a name
//! that is not this address: a page from elsewhere can make a browser ask here by a name of its own (DNS rebinding).

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use warifu_app::is_near;

use crate::problem::Problem;
use crate::router::surrounded;
use crate::state::Web;

/// The figures for whoever watches and the page of readiness, to be served on an address of their own.
pub fn metrics_router(web: Web) -> Router {
    let pages = Router::new()
        .route("/", get(|| async { Redirect::temporary("/ready") }))
        .route("/ready", get(crate::pages::ready))
        .route_layer(from_fn_with_state(web.clone(), admit));
    let front = web.front.clone();
    let pages = surrounded(pages.merge(crate::pages::files()).with_state(web.clone()), front);
    // Asked for every few seconds, and no page: it counts nothing of itself.
    pages.merge(Router::new().route("/metrics", get(metrics)).with_state(web))
}

async fn metrics(State(web): State<Web>) -> Response {
    let lag = web.app.bookkeeper_lag().await.ok();
    web.front.metrics.set_webhooks(web.app.webhook_statistics(), web.app.webhook_pending().await.ok());
    let text = web.front.metrics.encode(web.app.statistics(), lag);
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}

/// Lets in whoever is near and asked for this address.
async fn admit(State(web): State<Web>, request: Request, next: Next) -> Result<Response, Problem> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    if let Some(why) = refusal(peer, request.headers(), web.around.operator_address.as_deref()) {
        return Err(Problem::forbidden(why));
    }
    Ok(next.run(request).await)
}

/// Why whoever is at the other end is told nothing, if they are not.
fn refusal(peer: Option<IpAddr>, headers: &HeaderMap, configured: Option<&str>) -> Option<&'static str> {
    if !peer.is_some_and(is_near) {
        Some("This page is for this machine and private networks alone.")
    } else if is_asked_for(headers, configured) {
        None
    } else {
        Some("This page is at an IP address, at localhost, or where the operator put it.")
    }
}

/// Whether the host that was asked for is an IP address, this machine, or the one that was configured.
fn is_asked_for(headers: &HeaderMap, configured: Option<&str>) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else { return false };
    let host = without_port(host);
    let is_address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    let is_configured = configured.is_some_and(|address| without_port(address).eq_ignore_ascii_case(host));
    is_address || host.eq_ignore_ascii_case("localhost") || is_configured
}

/// The host without a port behind it; an IPv6 address stands in brackets.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_page_is_told_to_nobody_from_far_away() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("127.0.0.1:9464"));
        let told = |peer: Option<&str>| refusal(peer.map(|it| it.parse().unwrap()), &headers, None).is_none();
        for near in ["127.0.0.1", "::1", "10.0.0.9", "192.168.0.9", "fd00::9", "fe80::9", "::ffff:10.0.0.9"] {
            assert!(told(Some(near)), "{near}");
        }
        for far in ["203.0.113.9", "2001:db8::9", "100.64.0.9", "::ffff:203.0.113.9"] {
            assert!(!told(Some(far)), "{far}");
        }
        assert!(!told(None), "somebody of whom nothing is known");
    }

    #[test]
    fn a_page_is_told_to_nobody_who_came_by_another_name() {
        let asked = |hosts: &[&'static str], configured| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_static(host));
            }
            is_asked_for(&headers, configured)
        };
        for host in ["127.0.0.1:9464", "127.0.0.1", "[::1]:9464", "[::1]", "10.1.2.3:80", "localhost", "LOCALHOST:9464"]
        {
            assert!(asked(&[host], None), "{host}");
        }
        for host in
            ["evil.example", "evil.example:9464", "localhost.evil.example", "127.0.0.1.evil.example", "", ":9464"]
        {
            assert!(!asked(&[host], None), "{host}");
        }
        assert!(asked(&["ops.internal:9464"], Some("ops.internal:9464")) && !asked(&["other"], Some("ops.internal:1")));
        assert!(!asked(&[], None), "a request without a host");
        assert!(!asked(&["127.0.0.1", "evil.example"], None), "two hosts");
    }
}

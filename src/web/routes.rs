//! Every path of the gateway in one table; what is not in it does not exist.

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Resource, Route, guard};
use domain::socket::Face;

use crate::intake::{acts, deliveries, documents, requests, submit};
use crate::problem::{Problem, Slug};
use crate::{contract, evidence, faces, health, partners, settlements, stops, tasks};

/// One path with the methods it takes.
pub(crate) struct Door {
    pub(crate) path: &'static str,
    pub(crate) methods: &'static str,
    routes: fn() -> Vec<Route>,
}

macro_rules! doors {
    ($($path:literal $methods:literal => $($method:ident $handler:path),+;)+) => {
        /// The table. Paths stand as they do in logs: a template, never what was asked for. They are tried from the first on, those with
        /// a name in them by pattern, so the one that is called most stands in front.
        pub(crate) const DOORS: &[Door] =
            &[$(Door { path: $path, methods: $methods, routes: || vec![$($method().to($handler)),+] }),+];
    };
}

doors! {
    "/v1/requests" "GET, POST" => get requests::list, post submit::submit;
    "/v1/documents" "POST" => post documents::store;
    "/v1/documents/{digest}" "GET" => get documents::read;
    "/v1/requests/{id}" "GET" => get requests::show;
    "/v1/requests/{id}/events" "GET" => get requests::events;
    "/v1/requests/{id}/approve" "POST" => post acts::approve;
    "/v1/requests/{id}/stop" "POST" => post acts::stop;
    "/v1/requests/{id}/deliveries" "GET, POST" => get deliveries::list, post deliveries::again;
    "/v1/deliveries/keys" "GET" => get deliveries::keys;
    "/v1/acts/{id}/withdraw" "POST" => post acts::withdraw;
    "/v1/acts/{id}/resolve" "POST" => post acts::resolve;
    "/v1/partners" "GET" => get partners::list;
    "/v1/partners/{id}/pause" "POST" => post partners::pause;
    "/v1/partners/{id}/resume" "POST" => post partners::resume;
    "/v1/stops" "GET, POST" => get stops::list, post stops::order;
    "/v1/stops/{id}/lift" "POST" => post stops::lift;
    "/v1/tasks" "GET" => get tasks::list;
    "/v1/tasks/{id}/end" "POST" => post tasks::end;
    "/v1/settlements" "POST" => post settlements::settle;
    "/v1/partners/{id}/reconciliation" "POST" => post settlements::reconcile;
    "/v1/inbound/{partner}" "POST" => post partners::inbound;
    "/v1/trail/entries/{n}" "GET" => get evidence::entry;
    "/v1/openapi.json" "GET" => get contract::openapi;
    "/trail/checkpoint" "GET" => get evidence::checkpoint;
    "/trail/keys" "GET" => get evidence::keys;
    "/trail/tile/{path:.*}" "GET" => get evidence::tile;
    "/health/live" "GET" => get health::live;
    "/health/ready" "GET" => get health::ready;
    "/metrics" "GET" => get health::metrics;
}

/// GET, and HEAD, which is the same without the body (RFC 9110, 9.3.2); the protocol leaves the body out.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

fn post() -> Route {
    web::post()
}

/// For `Allow`: whoever takes GET takes HEAD.
fn allowed(methods: &'static str) -> &'static str {
    match methods {
        "GET" => "GET, HEAD",
        "GET, POST" => "GET, HEAD, POST",
        other => other,
    }
}

/// What a face takes.
pub(crate) const FACE_METHODS: &str = "GET, POST";

fn resource(path: &str, methods: &'static str, routes: Vec<Route>) -> Resource {
    let other = move || async move { Err::<&str, _>(Problem::from(Slug::MethodNotAllowed).allowing(allowed(methods))) };
    let resource = web::resource(path).default_service(web::to(other));
    routes.into_iter().fold(resource, Resource::route)
}

/// Opens every door, and one for each face.
pub(crate) fn open(config: &mut ServiceConfig, faces: &[Arc<dyn Face>]) {
    for door in DOORS {
        config.service(resource(door.path, door.methods, (door.routes)()));
    }
    for face in faces {
        let routes = vec![get().to(faces::describe), post().to(faces::call)];
        let served: faces::Served = Data::new(Arc::clone(face));
        config.service(resource(face.path(), FACE_METHODS, routes).app_data(served));
    }
    config.default_service(web::to(|| async { Err::<&str, _>(Problem::from(Slug::RouteUnknown)) }));
}

/// Every method and path template that is served besides the faces (and HEAD, which goes with GET), for those who hold the table against another one.
#[must_use]
pub fn paths() -> Vec<(&'static str, &'static str)> {
    let each = |door: &'static Door| door.methods.split(", ").map(|method| (method, door.path));
    DOORS.iter().flat_map(each).collect()
}

//! Every path of the gateway in one table; what is not in it does not exist.

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Resource, Route, guard};
use domain::socket::Face;

use crate::intake::{acts, deliveries, documents, requests, submit};
use crate::problem::{Problem, Slug};
use crate::{
    applicant, cases, contract, evidence, faces, health, inbox, measures, partners, proof, settlements, stops, tasks,
};

/// One path with the methods it takes.
pub(crate) struct Door {
    pub(crate) path: &'static str,
    pub(crate) methods: &'static str,
    routes: fn() -> Vec<Route>,
}

macro_rules! doors {
    ($(#[$doc:meta])* $table:ident: $($path:literal $methods:literal => $($method:ident $handler:path),+;)+) => {
        $(#[$doc])*
        pub(crate) const $table: &[Door] =
            &[$(Door { path: $path, methods: $methods, routes: || vec![$($method().to($handler)),+] }),+];
    };
}

doors! {
    /// Pages for people, beside the API.
    PAGES:
    "/console/partner" "GET" => get inbox::pages::root;
    "/console/partner/style.css" "GET" => get inbox::pages::style;
    "/console/partner/login" "GET, POST" => get inbox::pages::show_door, post inbox::pages::sign_in;
    "/console/partner/logout" "POST" => post inbox::pages::sign_out;
    "/console/partner/tasks" "GET" => get inbox::pages::list;
    "/console/partner/waiting" "GET" => get inbox::pages::waiting;
    "/console/partner/tasks/{id}" "GET" => get inbox::pages::task;
    "/console/partner/tasks/{id}/claim" "POST" => post inbox::pages::claim;
    "/console/partner/tasks/{id}/answer" "POST" => post inbox::pages::answer;
    "/console/partner/tasks/{id}/sheet" "GET" => get inbox::pages::sheet;
    "/console/partner/tasks/{id}/papers/{n}" "GET" => get inbox::pages::paper;
}

doors! {
    /// The table of the API. Paths stand as they do in logs: a template, never what was asked for. They are tried from the first on, those
    /// with a name in them by pattern, so the one that is called most stands in front.
    DOORS:
    "/v1/requests" "GET, POST" => get requests::list, post submit::submit;
    "/v1/documents" "POST" => post documents::store;
    "/v1/documents/{digest}" "GET" => get documents::read;
    "/v1/requests/{id}" "GET" => get requests::show;
    "/v1/requests/{id}/events" "GET" => get requests::events;
    "/v1/requests/{id}/approve" "POST" => post acts::approve;
    "/v1/requests/{id}/stop" "POST" => post acts::stop;
    "/v1/requests/{id}/applicant" "GET" => get applicant::show;
    "/v1/requests/{id}/deliveries" "GET, POST" => get deliveries::list, post deliveries::again;
    "/v1/deliveries/keys" "GET" => get deliveries::keys;
    "/v1/acts/{id}/evidence" "GET" => get proof::show;
    "/v1/acts/{id}/withdraw" "POST" => post acts::withdraw;
    "/v1/acts/{id}/resolve" "POST" => post acts::resolve;
    "/v1/acts/{id}/objection" "POST" => post acts::object;
    "/v1/cases/{id}/claim" "POST" => post cases::claim;
    "/v1/cases/{id}/halt" "POST" => post cases::halt;
    "/v1/cases/{id}/resume" "POST" => post cases::resume;
    "/v1/cases/{id}/erase" "POST" => post cases::erase;
    "/v1/cases/{id}/applicant" "POST" => post applicant::allow;
    "/v1/tasks/{id}/accept" "POST" => post cases::accept;
    "/v1/measures" "GET" => get measures::list;
    "/v1/measures/import" "POST" => post measures::import;
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
    "/v1/partner/tasks" "GET" => get inbox::api::list;
    "/v1/partner/tasks/{id}" "GET" => get inbox::api::show;
    "/v1/partner/tasks/{id}/claim" "POST" => post inbox::api::claim;
    "/v1/partner/tasks/{id}/answer" "POST" => post inbox::api::answer;
    "/v1/partner/tasks/{id}/papers/{n}" "GET" => get inbox::api::paper;
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
    for door in DOORS.iter().chain(PAGES) {
        config.service(resource(door.path, door.methods, (door.routes)()));
    }
    for face in faces {
        let routes = vec![get().to(faces::describe), post().to(faces::call)];
        let served: faces::Served = Data::new(Arc::clone(face));
        config.service(resource(face.path(), FACE_METHODS, routes).app_data(served));
    }
    config.default_service(web::to(|| async { Err::<&str, _>(Problem::from(Slug::RouteUnknown)) }));
}

/// Every method and path template of the pages for people (and HEAD, which goes with GET).
#[must_use]
pub fn pages() -> Vec<(&'static str, &'static str)> {
    PAGES.iter().flat_map(each).collect()
}

fn each(door: &'static Door) -> impl Iterator<Item = (&'static str, &'static str)> {
    door.methods.split(", ").map(|method| (method, door.path))
}

/// Every method and path template of the API besides the faces (and HEAD, which goes with GET), for those who hold the table against another one.
#[must_use]
pub fn paths() -> Vec<(&'static str, &'static str)> {
    DOORS.iter().flat_map(each).collect()
}

//! The bare relay: a handler that forwards what it is posted and gives back the answer. Nothing is read, kept or retried.

use actix_web::web::{Bytes, Data, post};
use actix_web::{App, HttpResponse, HttpServer};
use adapters::transport::read_capped;
use anyhow::Context;
use serde_json::json;

use super::role::say;

/// As many threads as the gateway's web floor has.
const WORKERS: usize = 2;
/// More than the stub ever answers.
const ANSWER_BYTES_MAX: usize = 1 << 20;

struct Target {
    url: String,
    http: reqwest::Client,
}

async fn forward(body: Bytes, target: Data<Target>) -> HttpResponse {
    let sent = target.http.post(&target.url).body(body).send().await;
    let Ok(mut response) = sent else { return HttpResponse::BadGateway().finish() };
    match read_capped(&mut response, ANSWER_BYTES_MAX).await {
        Ok(answer) => HttpResponse::Ok().content_type("application/xml").body(answer),
        Err(_) => HttpResponse::BadGateway().finish(),
    }
}

/// Runs the role: forwards to `target`, with one client for all workers or, better, one for each.
pub fn run(target: &str, is_shared: bool) -> anyhow::Result<()> {
    let target = format!("{target}/0");
    actix_web::rt::System::new().block_on(async move {
        let client = || {
            let builder = reqwest::Client::builder().no_proxy().http1_only().tcp_nodelay(true).tls_certs_only([]);
            builder.build().unwrap_or_default()
        };
        let shared = is_shared.then(client);
        let app = move || {
            // With a client for each worker its connections stay on the thread that uses them.
            let target = Target { url: target.clone(), http: shared.clone().unwrap_or_else(client) };
            App::new().app_data(Data::new(target)).route("/", post().to(forward))
        };
        let server = HttpServer::new(app).workers(WORKERS).disable_signals();
        let server = server.bind(("127.0.0.1", 0)).context("listening")?;
        let address = server.addrs().first().copied().context("no address")?;
        let server = server.run();
        say(&json!({ "url": format!("http://{address}") }))?;
        super::serve_until_told(server).await
    })
}

//! What reading one request costs: `cargo run --release -p xiezhi-web --example understand`.

use std::hint::black_box;
use std::time::Instant;

fn main() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../schemas/intake/request.schema.json")).unwrap_or_default();
    let body = schema.pointer("/examples/0").map(|example| serde_json::to_vec(example).unwrap_or_default());
    let body = body.unwrap_or_default();
    const ROUNDS: u32 = 200_000;
    let began = Instant::now();
    for _ in 0..ROUNDS {
        black_box(web::understand(black_box(&body)).is_ok());
    }
    let each_us = began.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
    println!("{} bytes: form, checks and fingerprint {each_us:.2} µs", body.len());
    let began = Instant::now();
    for _ in 0..ROUNDS {
        black_box(serde_json::from_slice::<serde_json::Value>(black_box(&body)).is_ok());
    }
    let each_us = began.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
    println!("for comparison, a bare serde_json::Value {each_us:.2} µs");
}

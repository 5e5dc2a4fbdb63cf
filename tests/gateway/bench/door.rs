//! A front door with one address for life: a gateway that is started again listens elsewhere, and a bank's hub must still find it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};

use super::caller::RUNTIME;

/// Hands every connection on to whoever stands behind it now; closes it when nobody does.
pub struct Door {
    pub url: String,
    behind: Arc<Mutex<Option<SocketAddr>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Door {
    pub fn open() -> Self {
        let behind = Arc::new(Mutex::new(None));
        let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::clone(&behind);
        let task = RUNTIME.spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let to: Option<SocketAddr> = *shared.lock().unwrap();
                RUNTIME.spawn(async move {
                    let Some(to) = to else { return };
                    if let Ok(mut to) = TcpStream::connect(to).await {
                        // Either side may leave when it likes; that is what a killed gateway does.
                        drop(tokio::io::copy_bidirectional(&mut from, &mut to).await);
                    }
                });
            }
        });
        Self { url, behind, task }
    }

    pub fn leads_to(&self, url: Option<&str>) {
        *self.behind.lock().unwrap() = url.map(|url| url.trim_start_matches("http://").parse().unwrap());
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

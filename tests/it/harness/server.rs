//! The server of a test, in a thread with an actor system of its own: a kill ends all of it at once, as the end of a process would.

use std::{
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use posada::{app::App, config::Config, running::Running};
use tokio::sync::oneshot;

enum End {
    Stop,
    Kill,
}

pub(super) struct Server {
    pub(super) app: Arc<App>,
    pub(super) address: SocketAddr,
    pub(super) metrics_address: SocketAddr,
    end: Option<oneshot::Sender<End>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) async fn start(config: Config) -> Result<Self, String> {
        let (up, is_up) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            let system = actix_web::rt::System::new();
            system.block_on(async move {
                let running = match Running::start(config).await {
                    Ok(running) => running,
                    Err(why) => return drop(up.send(Err(chain(&why)))),
                };
                let _ = up.send(Ok((Arc::clone(&running.app), running.address(), running.metrics_address())));
                match ended.await {
                    Ok(End::Stop) => running.stop(std::future::pending()).await,
                    // A dropped test is a killed server.
                    Ok(End::Kill) | Err(_) => drop(running),
                }
                actix_web::rt::System::current().stop();
            });
        });
        let thread = thread.unwrap();
        match tokio::task::spawn_blocking(move || is_up.recv()).await.unwrap() {
            Ok(Ok((app, address, metrics_address))) => Ok(Self { app, address, metrics_address, end: Some(end), thread: Some(thread) }),
            Ok(Err(why)) => Err(why),
            Err(_) => Err("the server's thread panicked".to_owned()),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.thread.is_some()
    }

    pub(super) async fn kill(&mut self) {
        self.end(End::Kill).await;
    }

    pub(super) async fn stop(mut self) {
        self.end(End::Stop).await;
    }

    async fn end(&mut self, how: End) {
        if let Some(end) = self.end.take() {
            let _ = end.send(how);
        }
        if let Some(thread) = self.thread.take() {
            tokio::task::spawn_blocking(move || thread.join()).await.unwrap().expect("a thread of the server panicked");
        }
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

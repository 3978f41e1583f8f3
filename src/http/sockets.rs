//! What every accepted socket is set to. Called once for each connection, by the server's `on_connect`.

use actix_web::rt::net::TcpStream;

/// Bytes that nobody acknowledges for so long end the connection: the kernel closes what a vanished client left behind, which no
/// code of ours is asked about while its socket takes nothing.
const UNACKNOWLEDGED_MS: u32 = 30_000;

pub(super) fn accepted(socket: &TcpStream) {
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(socket, UNACKNOWLEDGED_MS) {
        tracing::debug!(%error, "a socket's timeout could not be set");
    }
}

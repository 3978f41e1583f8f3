//! `posada demo`: makes the demo, or what is missing of it.

use std::io::{IsTerminal, stderr};

use actors::RelayHandle;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{Exit, args, output::Output, session::Session};
use crate::{
    demo::{self, Filling},
    secrets::Hasher,
};

pub(super) async fn run(session: &Session, command: &args::Demo, usual: u32, output: Output) -> anyhow::Result<Exit> {
    let homes = command.homes.unwrap_or(usual);
    let store = session.migrated().await?.store();
    let tenant = demo::found(&mut session.owner().await?, &store, &Hasher::default()).await?;
    let bar = if stderr().is_terminal() { ProgressBar::new(u64::from(homes)) } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos} of {len} homes, {eta} to go")?);
    // A server that runs beside hears of it by its own comparison of heads.
    let filling = Filling { store: &store, relay: &RelayHandle::default(), tenant: &tenant, homes };
    demo::fill(filling, |done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    let people = [("host", demo::HOST), ("guest", demo::GUEST)];
    let document = json!({ "tenant": demo::SLUG, "homes": homes, "password": demo::PASSWORD, "host": demo::HOST, "guest": demo::GUEST });
    output.answer(&document, || {
        let people: String = people.iter().map(|(who, email)| format!("  {who:<6} {email}  {}\n", demo::PASSWORD)).collect();
        format!("{} has its {homes} homes, at /t/{}/. Sign in as\n{people}", tenant.name, tenant.slug)
    });
    Ok(Exit::Done)
}

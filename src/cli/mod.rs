//! The command line: what can be said, what it does, and with which code it ends.
//!
//! Each command has a file. They call the same commands and store as the edges do; beside a running server they use its embedded
//! Postgres, else they start it for as long as they work and stop it again, whatever happens.

mod args;
mod configuration;
mod conformance;
mod demo;
mod doctor;
mod documents;
mod export;
mod gazetteer;
mod import;
mod members;
mod migrate;
mod output;
mod serve;
mod session;
mod tenants;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::{
    config::{ConfigError, Loaded},
    database::DatabaseError,
    running::StartError,
    store::StoreError,
    telemetry,
};
use args::{Cli, Command};
use output::Output;

/// How a command ended, for scripts. `posada help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// It could not be done; the message says why.
    Failed = 1,
    /// The command line was not understood.
    Usage = 2,
    /// The configuration is not right.
    Config = 3,
    /// The database could not be reached, opened or migrated.
    Database = 4,
    /// Done in part: some rows were refused, and the report says which.
    Refused = 5,
    /// `doctor` found something to mend, or `conformance` something that is not as the protocol says.
    Unwell = 6,
    /// Ended by Ctrl-C or SIGTERM.
    Interrupted = 130,
}

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let matches = match Cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return ExitCode::from(code as u8);
        }
    };
    let outcome = Cli::from_arg_matches(&matches).map_err(anyhow::Error::from).and_then(dispatch);
    let code = outcome.unwrap_or_else(|error| {
        let code = code_of(&error);
        if code != Exit::Interrupted {
            eprintln!("posada: {error:#}");
        }
        code
    });
    ExitCode::from(code as u8)
}

fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let output = Output { json: cli.globals.json };
    // These need no configuration, and are wanted most where there is none that is right.
    match &cli.command {
        Command::Gazetteer(command) => return gazetteer::run(command, output),
        Command::Openapi => return Ok(documents::openapi()),
        Command::Conformance(asked) => return conformance::run(asked, output),
        Command::Config(args::Config::Reference) => return Ok(configuration::reference()),
        Command::Doctor => return doctor::run(&cli.globals.flags(), output),
        _ => {}
    }
    let flags = match &cli.command {
        Command::Serve(serve) => serve.add_to(cli.globals.flags()),
        _ => cli.globals.flags(),
    };
    let loaded = Loaded::from_process(&flags)?;
    match cli.command {
        Command::Serve(_) => serve::run(loaded.config),
        Command::Config(args::Config::Show) => Ok(configuration::show(&loaded, output)),
        command => {
            telemetry::init_logs(&quiet(&loaded));
            let database_command = async |session: &session::Session| match &command {
                Command::Migrate(migrate) => migrate::run(session, migrate, output).await,
                Command::Tenant(tenant) => tenants::run(session, tenant, output).await,
                Command::Member(member) => members::run(session, member, output).await,
                Command::Import(import) => import::run(session, import, output).await,
                Command::Export(export) => export::run(session, export).await,
                Command::Demo(demo) => demo::run(session, demo, loaded.config.demo.homes, output).await,
                Command::Serve(_) | Command::Config(_) | Command::Gazetteer(_) | Command::Openapi | Command::Conformance(_) | Command::Doctor => Ok(Exit::Done),
            };
            session::with(&loaded.config, database_command)
        }
    }
}

/// A command speaks for itself: its log says only what went wrong, unless it was asked for more.
fn quiet(loaded: &Loaded) -> crate::config::Log {
    let mut log = loaded.config.log.clone();
    if !loaded.places.contains_key("log.filter") {
        log.filter = "warn".to_owned();
    }
    log
}

fn code_of(error: &anyhow::Error) -> Exit {
    error
        .chain()
        .find_map(|cause| {
            if cause.is::<session::Interrupted>() {
                Some(Exit::Interrupted)
            } else if cause.is::<ConfigError>() {
                Some(Exit::Config)
            } else if cause.is::<DatabaseError>()
                || matches!(cause.downcast_ref(), Some(StartError::Database(_)))
                || matches!(cause.downcast_ref(), Some(StoreError::Unreachable(_)))
            {
                Some(Exit::Database)
            } else if cause.is::<args::Misused>() {
                Some(Exit::Usage)
            } else {
                None
            }
        })
        .unwrap_or(Exit::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_explains_itself() {
        fn silent(command: &clap::Command, path: &str, found: &mut Vec<String>) {
            for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
                let path = format!("{path} {}", sub.get_name());
                if sub.get_about().is_none() {
                    found.push(path.clone());
                }
                found.extend(sub.get_arguments().filter(|arg| arg.get_help().is_none()).map(|arg| format!("{path} {}", arg.get_id())));
                silent(sub, &path, found);
            }
        }
        let mut found = Vec::new();
        silent(&Cli::command(), "posada", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}

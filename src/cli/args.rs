//! Everything that can be said on the command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use thiserror::Error;

use crate::config::Flags;

/// Said in a way that means nothing.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Misused(pub String);

const EXAMPLES: &str = "Examples:
  posada serve                                  start; the first start makes a demo
  posada serve --listen 0.0.0.0:80              on another address
  posada doctor                                 what is wrong, and what to do
  posada tenant create salsa --name \"Salsa\"     open a community
  posada import homes barcelona.csv --tenant salsa --city Barcelona
  posada gazetteer lookup \"São Paulo\" --json    which city a name means

Exit codes:
  0 done    1 could not be done    2 command line    3 configuration    4 database
  5 done in part: some rows were refused    6 doctor or conformance found something    130 interrupted";

/// Posada: a live map of homes for communities whose members host each other.
#[derive(Debug, Parser)]
#[command(name = "posada", version, after_help = EXAMPLES, max_term_width = 110, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Globals {
    /// Read the configuration from this file [default: posada.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Keep everything that lasts in this directory [default: ./.posada, as root /var/lib/posada]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Set any key of the configuration; may be given more than once
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Answer as JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server: database, pages, API, live map
    Serve(Serve),
    /// Bring the database up to this version
    Migrate(Migrate),
    /// Look at configuration, Postgres, disk, ports and clock, and say what to do
    Doctor,
    /// Communities: open, change, list, show
    #[command(subcommand)]
    Tenant(Tenant),
    /// People of a community: add, list, give a role, sign out, remove
    #[command(subcommand)]
    Member(Member),
    /// Take data in from files
    #[command(subcommand)]
    Import(Import),
    /// Write data out to files
    #[command(subcommand)]
    Export(Export),
    /// Make the demo, or what is missing of it: a community with homes all over the world
    Demo(Demo),
    /// Cities by name, offline
    #[command(subcommand)]
    Gazetteer(Gazetteer),
    /// The configuration: in use, and all there is
    #[command(subcommand)]
    Config(Config),
    /// Print the OpenAPI document
    Openapi,
    /// Check that a server speaks the live protocol as its document says; changes nothing there
    Conformance(Conformance),
}

#[derive(Debug, Args)]
pub struct Conformance {
    /// Its address; http://host:port/t/SLUG names a community
    #[arg(value_name = "URL")]
    pub url: String,
    /// A member's session token, for what visitors may not do
    #[arg(long, env = "POSADA_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

#[derive(Debug, Args)]
pub struct Serve {
    /// Address and port for pages, API and sockets; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Address and port of /metrics; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,
    /// Do not make the demo on the first start
    #[arg(long)]
    pub no_demo: bool,
    /// A baseline to measure against: no live map and no caches, every read asked of Postgres
    #[arg(long)]
    pub plain: bool,
}

#[derive(Debug, Args)]
pub struct Migrate {
    /// Only say what would be applied
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// How many homes there shall be [default: demo.homes]
    #[arg(long)]
    pub homes: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Open a community
    Create(CreateTenant),
    /// Change who may look and who may join; felt at once, on every server and every open connection
    Change(ChangeTenant),
    /// List all communities
    List,
    /// Show one community
    Show {
        /// Its slug
        slug: String,
    },
}

#[derive(Debug, Args)]
pub struct CreateTenant {
    /// Its name in addresses: a-z, 0-9 and -
    pub slug: String,
    /// Its name for people
    #[arg(long)]
    pub name: String,
    /// Host name of its own, such as salsa.example
    #[arg(long)]
    pub domain: Option<String>,
    /// Show its map to visitors who are not members
    #[arg(long)]
    pub public_map: bool,
    /// Let anyone sign up
    #[arg(long)]
    pub open: bool,
    /// Tiles of a map server to draw beneath, such as https://tiles.example/{z}/{x}/{y}.png
    #[arg(long, value_name = "URL")]
    pub tile_url: Option<String>,
}

#[derive(Debug, Args)]
pub struct ChangeTenant {
    /// Its slug
    pub slug: String,
    /// Show its map to visitors who are not members
    #[arg(long, value_name = "true|false", required_unless_present = "open")]
    pub public_map: Option<bool>,
    /// Let anyone sign up
    #[arg(long, value_name = "true|false")]
    pub open: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub enum Member {
    /// Add somebody to a community; the password is read from standard input
    Add(AddMember),
    /// List the people of a community
    List {
        /// Slug of the community
        #[arg(long)]
        tenant: String,
    },
    /// Give somebody a platform role
    Role {
        /// Slug of the community
        #[arg(long)]
        tenant: String,
        /// Whose
        email: String,
        /// bot, guest, member, curator, moderator, admin or super_admin
        role: String,
    },
    /// End every session of somebody, in all communities, on all servers; open connections end at once
    SignOut {
        /// Whose
        email: String,
    },
    /// Take somebody out of a community at once. Whoever has homes or stays there is kept: sign them out, or give them a lesser role
    Remove {
        /// Slug of the community
        #[arg(long)]
        tenant: String,
        /// Whom
        email: String,
    },
}

#[derive(Debug, Args)]
pub struct AddMember {
    /// Slug of the community
    #[arg(long)]
    pub tenant: String,
    /// E-mail address, with which they sign in
    pub email: String,
    /// How they are called
    #[arg(long)]
    pub name: String,
    /// Home city: a name, a slug or a GeoNames id
    #[arg(long)]
    pub city: Option<String>,
    /// Community role, such as host or dancer; may be given more than once
    #[arg(long = "role")]
    pub roles: Vec<String>,
    /// Platform role: bot, guest, member, curator, moderator, admin or super_admin
    #[arg(long, default_value = "member")]
    pub platform_role: String,
}

#[derive(Debug, Subcommand)]
pub enum Import {
    /// Homes from a CSV of Inside Airbnb or of `posada export homes`; safe to run twice and to break off
    Homes(ImportHomes),
}

#[derive(Debug, Args)]
pub struct ImportHomes {
    /// The file, in UTF-8 with a header line; - reads standard input
    pub file: PathBuf,
    /// Slug of the community
    #[arg(long)]
    pub tenant: String,
    /// City of the homes: a name, a slug or a GeoNames id; only an export of ours may do without
    #[arg(long)]
    pub city: Option<String>,
    /// Whose homes they become: a member's e-mail address, or auto for a placeholder member for each host of the source
    #[arg(long, value_name = "EMAIL|auto", default_value = "auto")]
    pub host: String,
    /// Currency of the prices of a file that does not name it
    #[arg(long, value_name = "CODE", default_value = "EUR")]
    pub currency: String,
    /// Name of the source, under which its homes are known again [default: inside-airbnb, or posada for an export of ours]
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Do everything and take it back: says what would be taken and refused
    #[arg(long)]
    pub dry_run: bool,
    /// Where the refused rows go [default: FILE.refused.csv in this directory]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Export {
    /// Homes on offer, with their public positions
    Homes(ExportHomes),
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum ExportFormat {
    Csv,
    Geojson,
}

#[derive(Debug, Args)]
pub struct ExportHomes {
    /// Slug of the community
    #[arg(long)]
    pub tenant: String,
    /// Only this city: a name, a slug or a GeoNames id
    #[arg(long)]
    pub city: Option<String>,
    /// As what
    #[arg(long, value_enum, default_value = "csv")]
    pub format: ExportFormat,
    /// To where; - is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: PathBuf,
    /// Only these kinds, with commas: apartment, house, hotel, loft, cabin, boat
    #[arg(long)]
    pub kinds: Option<String>,
    /// Only with room for so many
    #[arg(long)]
    pub guests: Option<String>,
    /// Only from this price on, in minor units; needs --currency
    #[arg(long)]
    pub price_min: Option<String>,
    /// Only up to this price, in minor units; needs --currency
    #[arg(long)]
    pub price_max: Option<String>,
    /// Only in this currency, and free ones
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// Only with a room free from this night on, 2026-12-01; needs --free-to
    #[arg(long, value_name = "DATE")]
    pub free_from: Option<String>,
    /// Until this day of leaving; needs --free-from
    #[arg(long, value_name = "DATE")]
    pub free_to: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Gazetteer {
    /// Say which city a name means, or between which it cannot choose
    Lookup {
        /// In any script, with or without accents
        name: String,
        /// Only in this country: a code such as ES, or a name
        #[arg(long)]
        country: Option<String>,
        /// Near this point: latitude,longitude
        #[arg(long, value_name = "LAT,LNG", allow_hyphen_values = true)]
        near: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print every key in use and where it comes from
    Show,
    /// Print the reference of all keys (docs/configuration.md)
    Reference,
}

impl Globals {
    pub fn flags(&self) -> Flags {
        let mut flags = Flags { file: self.config.clone(), set: Vec::new() };
        if let Some(dir) = &self.data_dir {
            flags.set.push(("data_dir".to_owned(), dir.display().to_string(), "--data-dir".to_owned()));
        }
        for setting in &self.set {
            let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
            flags.set.push((key.trim().to_owned(), value.to_owned(), format!("--set {key}")));
        }
        flags
    }
}

impl Serve {
    pub fn add_to(&self, mut flags: Flags) -> Flags {
        let mut set = |key: &str, value: Option<String>, flag: &str| {
            flags.set.extend(value.map(|value| (key.to_owned(), value, flag.to_owned())));
        };
        set("http.listen", self.listen.map(|address| address.to_string()), "--listen");
        set("metrics.listen", self.metrics_listen.map(|address| address.to_string()), "--metrics-listen");
        set("demo.on_first_start", self.no_demo.then(|| "false".to_owned()), "--no-demo");
        set("plain", self.plain.then(|| "true".to_owned()), "--plain");
        flags
    }
}

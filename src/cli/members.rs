//! `posada member`: add, list, give a role, sign out, remove.

use std::io::{IsTerminal, Read};

use anyhow::Context;
use domain::{
    CityId, Email, Languages,
    role::{CommunityRole, PlatformRole},
};
use gazetteer::Gazetteer;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    Exit, args,
    args::Misused,
    output::{Output, table},
    session::Session,
};
use crate::{
    commands::{
        add_member::{self, AddMember},
        enrol::Profile,
        place_city::{Located, Wanted, locate},
    },
    secrets::{Hasher, Password},
    store::operator::{ListedMember, Removal},
};

pub(super) async fn run(session: &Session, command: &args::Member, output: Output) -> anyhow::Result<Exit> {
    match command {
        args::Member::Add(add) => {
            let order = order(add)?;
            let tenant = session.tenant(&add.tenant).await?;
            let added = add_member::run(&session.store(), &Hasher::default(), tenant.id, &order).await?;
            let document = json!({ "member": added.member, "account": added.account, "new_account": added.new_account });
            output.answer(&document, || match added.new_account {
                true => format!("{} may sign in to {} as {}.", add.name, tenant.name, order.email),
                false => format!("{} was known already: {} keeps the password it has, and is now in {}.", add.name, order.email, tenant.name),
            });
        }
        args::Member::List { tenant } => {
            let tenant = session.tenant(tenant).await?;
            let members = session.owner().await?.members(tenant.id).await?;
            output.answer(&members.iter().map(document).collect::<Vec<_>>(), || {
                table(&["email", "name", "role", "home city"], &members.iter().map(row).collect::<Vec<_>>())
            });
        }
        args::Member::Role { tenant, email, role } => {
            let (email, role) = (self::email(email)?, platform_role(role)?);
            let tenant = session.tenant(tenant).await?;
            let changed = session.owner().await?.set_platform_role(tenant.id, &email, role).await?;
            anyhow::ensure!(changed, "nobody with the address {email} is a member of {}", tenant.slug);
            output.answer(&json!({ "email": email, "platform_role": role.code() }), || format!("{email} is now {} of {}.", role.code(), tenant.name));
        }
        args::Member::SignOut { email } => {
            let email = self::email(email)?;
            let ended = session.migrated().await?.owner().await?.end_sessions(&email).await?;
            let ended = ended.ok_or_else(|| anyhow::anyhow!("nobody has an account with the address {email}"))?;
            output.answer(&json!({ "email": email, "ended": ended }), || format!("{email} was signed out of {ended} sessions."));
        }
        args::Member::Remove { tenant, email } => {
            let email = self::email(email)?;
            let tenant = session.tenant(tenant).await?;
            match session.owner().await?.remove_member(tenant.id, &email).await? {
                Removal::Done => {}
                Removal::Nobody => anyhow::bail!("nobody with the address {email} is a member of {}", tenant.slug),
                Removal::HasThings => {
                    anyhow::bail!("{email} has homes or stays in {}, which others rely on; `posada member sign-out` ends their sessions", tenant.slug)
                }
            }
            output.answer(&json!({ "email": email, "removed": true }), || format!("{email} is no longer a member of {}.", tenant.name));
        }
    }
    Ok(Exit::Done)
}

fn order(add: &args::AddMember) -> anyhow::Result<AddMember<'static>> {
    let email = email(&add.email)?;
    let roles = add.roles.iter().map(|code| CommunityRole::from_code(code).ok_or_else(|| no_role(code))).collect::<Result<_, _>>()?;
    let home = add.city.as_deref().map(city).transpose()?;
    let platform_role = platform_role(&add.platform_role)?;
    let name = add.name.parse().map_err(|error| Misused(format!("--name {:?}: {error}", add.name)))?;
    let password = Password::new(&password()?, &email).context("the password")?;
    let languages = Languages::new::<&str>([]).context("languages")?;
    Ok(AddMember { email, password, profile: Profile { name, roles, languages }, home, platform_role })
}

fn email(text: &str) -> Result<Email, Misused> {
    text.parse().map_err(|error| Misused(format!("{text:?}: {error}")))
}

fn platform_role(code: &str) -> Result<PlatformRole, Misused> {
    PlatformRole::from_code(code).ok_or_else(|| {
        let all: Vec<&str> = PlatformRole::ALL.iter().map(|role| role.code()).collect();
        Misused(format!("there is no platform role {code:?}; there are {}", all.join(", ")))
    })
}

fn no_role(code: &str) -> Misused {
    let all: Vec<&str> = CommunityRole::ALL.iter().map(|role| role.code()).collect();
    Misused(format!("there is no role {code:?}; there are {}", all.join(", ")))
}

/// A GeoNames id, a slug, or a name that means one city.
pub(super) fn city(text: &str) -> anyhow::Result<Located<'static>> {
    let gazetteer = Gazetteer::embedded();
    let id = text.parse().ok().map(CityId).or_else(|| gazetteer.by_slug(text).map(|city| CityId(city.id)));
    let wanted = Wanted { city: id, name: id.is_none().then_some(text), ..Wanted::default() };
    locate(gazetteer, &wanted).map_err(|error| Misused(format!("--city {text:?}: {error}")).into())
}

/// One line of standard input; never an argument, which everybody on the machine could read.
fn password() -> anyhow::Result<SecretString> {
    if std::io::stdin().is_terminal() {
        eprint!("Password (it is shown as you type; better from a file: posada member add … < password.txt): ");
    }
    let mut text = String::new();
    if std::io::stdin().is_terminal() {
        std::io::stdin().read_line(&mut text)?;
    } else {
        std::io::stdin().take(1024).read_to_string(&mut text)?;
    }
    Ok(SecretString::from(text.trim_end_matches(['\n', '\r']).to_owned()))
}

fn row(member: &ListedMember) -> Vec<String> {
    let city = member.home_city.and_then(|id| Gazetteer::embedded().get(u32::try_from(id).ok()?)).map_or("-", |city| city.name);
    vec![member.email.clone(), member.name.clone(), member.platform_role.clone(), city.to_owned()]
}

fn document(member: &ListedMember) -> Value {
    json!({ "id": member.id, "email": member.email, "name": member.name, "platform_role": member.platform_role, "home_city": member.home_city })
}

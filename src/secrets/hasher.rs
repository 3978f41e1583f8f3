//! argon2id, on blocking threads, as many at a time as there are cores and no more.
//!
//! Called by sign-up and sign-in. One hash takes 19 MiB and some 20 ms of a core: unbounded, a few hundred sign-ins at once
//! would take the machine. Who would wait behind too many others is told to come back instead.

use std::{num::NonZero, sync::Arc, thread};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc},
};
use thiserror::Error;
use tokio::{sync::Semaphore, task};

use super::Password;

/// A password's hash as it is stored: a PHC string with its salt and parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordHash(pub String);

/// Memory in KiB, passes, lanes: the first choice of the OWASP Password Storage Cheat Sheet for argon2id.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many may wait for each core. At 20 ms each the last of them waits about a second.
const WAITING_PER_CORE: usize = 50;

/// A hash that no password has: what is verified when there is no account, so that the answer takes as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmUsIA$Q29uc3RhbnQgd29yayBmb3IgZXZlcnkgZ3Vlc3MgLi4";

/// Shared by all edges: clones count against the same bounds.
#[derive(Clone, Debug)]
pub struct Hasher {
    running: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new(thread::available_parallelism().map_or(1, NonZero::get))
    }
}

impl Hasher {
    /// At most `cores` hashes at a time.
    pub fn new(cores: usize) -> Self {
        let cores = cores.max(1);
        Self { running: Arc::new(Semaphore::new(cores)), places: Arc::new(Semaphore::new(cores * (1 + WAITING_PER_CORE))) }
    }

    pub async fn hash(&self, password: Password) -> Result<PasswordHash, CannotHash> {
        self.run(move || {
            let hash: phc::PasswordHash = argon2()?.hash_password(password.bytes()).map_err(|e| CannotHash::Failed(e.to_string()))?;
            Ok(PasswordHash(hash.to_string()))
        })
        .await
    }

    /// Whether this is the password behind a hash. Without a hash, or with one that is none (`!`, of accounts that nobody signs in
    /// to), the same work is done and the answer is no.
    pub async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, CannotHash> {
        self.run(move || {
            let stored = hash.as_ref().and_then(|hash| phc::PasswordHash::new(&hash.0).ok());
            let compared = match &stored {
                Some(stored) => stored.clone(),
                None => phc::PasswordHash::new(NOBODY).map_err(|e| CannotHash::Failed(e.to_string()))?,
            };
            match argon2()?.verify_password(password.bytes(), &compared) {
                Ok(()) => Ok(stored.is_some()),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(e) => Err(CannotHash::Failed(e.to_string())),
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T, CannotHash> + Send + 'static) -> Result<T, CannotHash> {
        let _place = self.places.try_acquire().map_err(|_| CannotHash::Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| CannotHash::Busy)?;
        // The turn goes with the work: a caller who hangs up does not make room for another hash beside the running one.
        task::spawn_blocking(move || {
            let answer = work();
            drop(turn);
            answer
        })
        .await
        .map_err(|e| CannotHash::Failed(e.to_string()))?
    }
}

fn argon2() -> Result<Argon2<'static>, CannotHash> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(|e| CannotHash::Failed(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[derive(Debug, Error)]
pub enum CannotHash {
    /// Too many are waiting already: worth trying again in a second.
    #[error("too many people are signing in at this moment")]
    Busy,
    #[error("hashing failed: {0}")]
    Failed(String),
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    fn password(text: &str) -> Password {
        Password::given(&text.into()).unwrap()
    }

    #[tokio::test]
    async fn a_password_opens_its_own_hash_only() {
        let hasher = Hasher::new(2);
        let hash = hasher.hash(password("grapefruit tango")).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert!(hasher.verify(password("grapefruit tango"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(password("Grapefruit tango"), Some(hash.clone())).await.unwrap());
        assert_ne!(hasher.hash(password("grapefruit tango")).await.unwrap(), hash, "each has a salt of its own");
    }

    #[tokio::test]
    async fn nobody_is_verified_with_the_same_work_and_never_let_in() {
        for nobody in [None, Some("!"), Some(""), Some("$argon2id$garbage")] {
            let hash = nobody.map(|text| PasswordHash(text.to_owned()));
            assert!(!Hasher::new(1).verify(password("anything at all"), hash).await.unwrap(), "{nobody:?}");
        }
        let same = format!("$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}$");
        assert!(NOBODY.starts_with(&same), "the work for nobody must follow the parameters: {same}");
    }

    #[tokio::test]
    async fn no_more_run_than_cores_and_the_crowd_beyond_the_queue_is_told() {
        let hasher = Hasher::new(2);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let all = join_all((0..200).map(|_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            hasher.run(move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
        }))
        .await;
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 2 * (1 + WAITING_PER_CORE));
        assert!(all.iter().filter_map(|one| one.as_ref().err()).all(|e| matches!(e, CannotHash::Busy)));
    }
}

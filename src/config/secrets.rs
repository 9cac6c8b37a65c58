//! What comes from the environment alone: secrets, and where data live.
//!
//! 1. A secret is never a setting of a file. Each may instead be in a mounted file, named by the
//!    variable with `_FILE` after it.
//! 2. An empty variable is an absent one: containers pass those for what was not given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::error::Problem;
use super::layers::Environment;
use super::section::Problems;

/// What live asks to be typed.
const LIVE_WORDS: &str = "i-accept-real-orders";

const SIGNING_KEY: &str = "TORANA_SIGNING_KEY_";

/// What nobody may read from a screen.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The key orders are sent with.
    pub openalgo_api_key: Option<SecretString>,
    /// The operator's token.
    pub admin_token: Option<SecretString>,
    /// The database of the service.
    pub database_url: Option<SecretString>,
    /// The same as the role that may change its schema.
    pub database_owner_url: Option<SecretString>,
    /// Keys that sources sign alerts with, by the source's name in small letters.
    pub signing_keys: BTreeMap<String, SecretString>,
    /// The token of the Telegram bot.
    pub telegram_token: Option<SecretString>,
    /// The password of the mail server.
    pub mail_password: Option<SecretString>,
    /// Whether real orders were accepted in words.
    pub live_accepted: bool,
}

impl Secrets {
    /// Reads the secrets of an environment.
    pub(super) fn read(env: &Environment, problems: &Problems) -> Self {
        let secret = |name: &str| secret(env, name, problems);
        let signing_keys = env
            .keys()
            .filter_map(|name| name.strip_prefix(SIGNING_KEY))
            .map(|source| source.strip_suffix("_FILE").unwrap_or(source))
            .filter_map(|source| {
                let key = secret(&format!("{SIGNING_KEY}{source}"))?;
                Some((source.to_ascii_lowercase(), key))
            })
            .collect();
        Self {
            openalgo_api_key: secret("OPENALGO_API_KEY"),
            admin_token: secret("TORANA_ADMIN_TOKEN"),
            database_url: secret("DATABASE_URL"),
            database_owner_url: secret("DATABASE_OWNER_URL"),
            signing_keys,
            telegram_token: secret("TORANA_TELEGRAM_TOKEN"),
            mail_password: secret("TORANA_MAIL_PASSWORD"),
            live_accepted: given(env, "TORANA_LIVE") == Some(LIVE_WORDS),
        }
    }

    /// Returns each secret's name and whether it is there.
    pub fn present(&self) -> Vec<(String, bool)> {
        let mut present = vec![
            (
                "OPENALGO_API_KEY".to_owned(),
                self.openalgo_api_key.is_some(),
            ),
            ("TORANA_ADMIN_TOKEN".to_owned(), self.admin_token.is_some()),
            ("DATABASE_URL".to_owned(), self.database_url.is_some()),
            (
                "DATABASE_OWNER_URL".to_owned(),
                self.database_owner_url.is_some(),
            ),
            (
                "TORANA_TELEGRAM_TOKEN".to_owned(),
                self.telegram_token.is_some(),
            ),
            (
                "TORANA_MAIL_PASSWORD".to_owned(),
                self.mail_password.is_some(),
            ),
        ];
        let keys = self.signing_keys.keys();
        present.extend(keys.map(|source| {
            let name = format!("{SIGNING_KEY}{}", source.to_ascii_uppercase());
            (name, true)
        }));
        present
    }
}

/// Returns a variable that is not empty.
pub(super) fn given<'e>(env: &'e Environment, name: &str) -> Option<&'e str> {
    env.get(name)
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

/// Returns where data live, in the first of these that is known: what was asked for, `TORANA_DATA`,
/// `$XDG_DATA_HOME/torana`, for root `/var/lib/torana`, `~/.local/share/torana`.
pub(super) fn data_dir(asked: Option<&Path>, env: &Environment, is_root: bool) -> Option<PathBuf> {
    let root = || is_root.then(|| PathBuf::from("/var/lib/torana"));
    asked
        .map(Path::to_owned)
        .or_else(|| given(env, "TORANA_DATA").map(PathBuf::from))
        .or_else(|| given(env, "XDG_DATA_HOME").map(|dir| Path::new(dir).join("torana")))
        .or_else(root)
        .or_else(|| given(env, "HOME").map(|home| Path::new(home).join(".local/share/torana")))
}

/// Returns whether this process belongs to root; where the system does not say, it does not.
pub(super) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn secret(env: &Environment, name: &str, problems: &Problems) -> Option<SecretString> {
    let file_name = format!("{name}_FILE");
    let note = |problem: String| {
        problems.borrow_mut().push(Problem {
            path: file_name.clone(),
            problem,
        });
        None
    };
    match (given(env, name), given(env, &file_name)) {
        (None, None) => None,
        (Some(value), None) => Some(SecretString::from(value)),
        (Some(_), Some(_)) => note(format!("stands beside {name}; give one of them")),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) if text.trim().is_empty() => note("names an empty file".to_owned()),
            Ok(text) => Some(SecretString::from(text.trim())),
            Err(error) => note(format!("names a file that cannot be read: {error}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn secrets_come_from_variables_and_do_not_print() {
        let problems = Problems::default();
        let given = env(&[
            ("OPENALGO_API_KEY", "0123456789"),
            ("DATABASE_URL", ""),
            ("TORANA_SIGNING_KEY_TV_MAIN", "k"),
            ("TORANA_LIVE", "yes"),
        ]);
        let secrets = Secrets::read(&given, &problems);
        let key = secrets.openalgo_api_key.as_ref().unwrap();
        assert_eq!(key.expose_secret(), "0123456789");
        assert!(secrets.database_url.is_none() && !secrets.live_accepted);
        assert!(secrets.signing_keys.contains_key("tv_main"));
        assert!(!format!("{secrets:?}").contains("0123456789"));
        assert!(problems.borrow().is_empty());
    }

    #[test]
    fn a_secret_is_given_once() {
        let problems = Problems::default();
        let twice = env(&[("DATABASE_URL", "a"), ("DATABASE_URL_FILE", "/nowhere")]);
        assert!(Secrets::read(&twice, &problems).database_url.is_none());
        let lost = env(&[("TORANA_ADMIN_TOKEN_FILE", "/nowhere/at/all")]);
        assert!(Secrets::read(&lost, &problems).admin_token.is_none());
        assert_eq!(problems.borrow().len(), 2);
    }

    #[test]
    fn data_live_where_the_first_answer_says() {
        let home = [("HOME", "/home/a")];
        let at = |pairs: &[(&str, &str)], root| {
            data_dir(None, &env(pairs), root).map(|path| path.display().to_string())
        };
        assert_eq!(
            at(&home, false).as_deref(),
            Some("/home/a/.local/share/torana")
        );
        assert_eq!(at(&home, true).as_deref(), Some("/var/lib/torana"));
        let xdg = [("XDG_DATA_HOME", "/x"), ("HOME", "/home/a")];
        assert_eq!(at(&xdg, true).as_deref(), Some("/x/torana"));
        let own = [("TORANA_DATA", "/d"), ("XDG_DATA_HOME", "/x")];
        assert_eq!(at(&own, true).as_deref(), Some("/d"));
        assert_eq!(
            data_dir(Some(Path::new("/asked")), &env(&own), true),
            Some(PathBuf::from("/asked"))
        );
        assert_eq!(at(&[], false), None);
    }
}

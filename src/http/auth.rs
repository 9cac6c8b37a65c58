//! Who sends an alert: the secret in its path, the address it comes from, its signature.
//!
//! 1. An unknown secret, a foreign address and a bad signature look the same from outside.
//! 2. Secrets are known by their SHA-256 alone; every comparison takes the same time.
//! 3. A signing key never comes from the database: it is the second secret of a source.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::webhook::{Sender, SignalError, sha256};

/// The header with the time a signature was made.
pub const TIMESTAMP_HEADER: &str = "X-Torana-Timestamp";

/// The header with the signature, or with several while a sender changes its key.
pub const SIGNATURE_HEADER: &str = "X-Torana-Signature";

/// How many signatures of one header are looked at.
const SIGNATURES_MAX: usize = 4;

/// The hash of a source's secret, and until when it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretHash {
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// When it ends; the current one does not.
    pub until: Option<DateTime<Utc>>,
}

/// Whether alerts of a source are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signed {
    /// No signature is looked at.
    Off,
    /// A signature is checked where there is one.
    #[default]
    Optional,
    /// An alert without one is refused.
    Required,
}

/// Someone who may send alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, for people and for its signing key.
    pub name: String,
    /// The secrets it is known by: two while one replaces the other.
    pub secrets: Vec<SecretHash>,
    /// Where it sends from; empty for anywhere.
    pub addresses: Vec<IpNet>,
    /// Whether it signs.
    pub signed: Signed,
    /// What the meaning of its alerts depends on.
    pub sender: Sender,
}

/// Everyone who may send alerts.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    all: Vec<Source>,
}

/// What signatures are checked with.
#[derive(Clone, Debug)]
pub struct Signatures {
    keys: BTreeMap<String, SecretString>,
    tolerance: TimeDelta,
}

/// The signature of a request, as its headers give it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signature<'a> {
    /// When it was made.
    pub timestamp: Option<&'a str>,
    /// What it is.
    pub signature: Option<&'a str>,
}

impl Sources {
    /// Returns the list.
    pub const fn new(all: Vec<Source>) -> Self {
        Self { all }
    }

    /// Returns everyone.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.all.iter()
    }

    /// Returns the source that a secret belongs to, when it may send from this address.
    pub fn find(
        &self,
        secret: &str,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<&Source, SignalError> {
        let hash = sha256(secret.as_bytes());
        let mut found = None;
        for source in &self.all {
            for known in &source.secrets {
                let same = bool::from(known.hash.ct_eq(&hash));
                if same && known.until.is_none_or(|until| now < until) {
                    found = Some(source);
                }
            }
        }
        found
            .filter(|source| source.may_send_from(address))
            .ok_or(SignalError::Unauthentic)
    }
}

impl Source {
    fn may_send_from(&self, address: Option<IpAddr>) -> bool {
        let listed = |address: IpAddr| self.addresses.iter().any(|net| net.contains(&address));
        self.addresses.is_empty() || address.is_some_and(listed)
    }
}

impl Signatures {
    /// Returns the check for these keys, by source name in small letters.
    pub const fn new(keys: BTreeMap<String, SecretString>, tolerance: TimeDelta) -> Self {
        Self { keys, tolerance }
    }

    /// Refuses a body whose signature is missing where it must be there, or wrong where it is.
    pub fn check(
        &self,
        source: &Source,
        given: Signature<'_>,
        (body, now): (&[u8], DateTime<Utc>),
    ) -> Result<(), SignalError> {
        let (timestamp, signatures) = match (given.timestamp, given.signature) {
            _ if source.signed == Signed::Off => return Ok(()),
            (None, None) if source.signed == Signed::Optional => return Ok(()),
            (Some(timestamp), Some(signatures)) => (timestamp, signatures),
            (None | Some(_), None | Some(_)) => return Err(SignalError::Unauthentic),
        };
        let made = moment(timestamp).ok_or(SignalError::Unauthentic)?;
        let off = now.signed_duration_since(made).abs();
        let key = self.key(&source.name).ok_or(SignalError::Unauthentic)?;
        let right = signatures
            .split([',', ' '])
            .filter_map(|one| one.trim().strip_prefix("v1="))
            .take(SIGNATURES_MAX)
            .any(|hex| is_signed(key.expose_secret(), (timestamp, body), hex));
        if right && off <= self.tolerance {
            Ok(())
        } else {
            Err(SignalError::Unauthentic)
        }
    }

    fn key(&self, name: &str) -> Option<&SecretString> {
        // a variable's name has no hyphens: the key of `tv-main` is TORANA_SIGNING_KEY_TV_MAIN
        self.keys
            .get(&name.to_ascii_lowercase().replace(['-', '.', ' '], "_"))
    }
}

/// Returns the address a request comes from: the peer's, or what trusted proxies say it is.
///
/// The header is read from its end: each proxy adds the address it was called from, so the last
/// that no trusted proxy has is the sender's. Nothing is returned when a trusted proxy wrote
/// something else there.
pub fn sender_address(
    peer: SocketAddr,
    forwarded: Option<&str>,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    let peer = peer.ip().to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let Some(forwarded) = forwarded.filter(|_| is_trusted(&peer)) else {
        return Some(peer);
    };
    let mut last = peer;
    for hop in forwarded.rsplit(',') {
        last = hop_address(hop.trim())?;
        if !is_trusted(&last) {
            return Some(last);
        }
    }
    Some(last)
}

/// Returns the address of one entry of the header, which may carry a port.
fn hop_address(text: &str) -> Option<IpAddr> {
    let plain = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    plain
        .or_else(with_port)
        .or_else(bracketed)
        .map(|address| address.to_canonical())
}

/// Returns the moment of a signature: seconds or milliseconds since 1970, or RFC 3339.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match (digits, text.len()) {
        (true, 1..=11) => DateTime::from_timestamp(text.parse().ok()?, 0),
        (true, _) => DateTime::from_timestamp_millis(text.parse().ok()?),
        (false, _) => text.parse().ok(),
    }
}

/// Returns whether a signature is the one of this time and body, in constant time.
fn is_signed(key: &str, (timestamp, body): (&str, &[u8]), hex: &str) -> bool {
    let claimed = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.trim().as_bytes());
    let mac = <Hmac<Sha256>>::new_from_slice(key.as_bytes());
    let (Ok(claimed), Ok(mut mac)) = (claimed, mac) else {
        return false;
    };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.verify_slice(&claimed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::webhook::Scope;
    use super::*;
    use crate::domain::signal::SourceId;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    fn source(name: &str, secrets: &[(&str, Option<i64>)]) -> Source {
        let hash = |(secret, until): &(&str, Option<i64>)| SecretHash {
            hash: sha256(secret.as_bytes()),
            until: until.map(|seconds| now() + TimeDelta::seconds(seconds)),
        };
        Source {
            name: name.to_owned(),
            secrets: secrets.iter().map(hash).collect(),
            addresses: Vec::new(),
            signed: Signed::Optional,
            sender: Sender {
                id: SourceId(1),
                product: None,
                scope: Scope::default(),
                profile: None,
            },
        }
    }

    fn signatures() -> Signatures {
        let key = SecretString::from("second secret");
        let keys = [("tv_main".to_owned(), key)].into();
        Signatures::new(keys, TimeDelta::minutes(5))
    }

    fn sign(key: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac = <Hmac<Sha256>>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(format!("{timestamp}.").as_bytes());
        mac.update(body);
        format!(
            "v1={}",
            data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
        )
    }

    #[test]
    fn both_secrets_open_the_door_while_one_replaces_the_other() {
        let sources = Sources::new(vec![
            source("a", &[("new", None), ("old", Some(60)), ("older", Some(0))]),
            source("b", &[("other", None)]),
        ]);
        let name = |secret| {
            sources
                .find(secret, None, now())
                .map(|one| one.name.as_str())
        };
        assert_eq!(name("new"), Ok("a"));
        assert_eq!(name("old"), Ok("a"));
        assert_eq!(name("other"), Ok("b"));
        for wrong in ["older", "", "ne", "newer"] {
            assert_eq!(name(wrong), Err(SignalError::Unauthentic), "{wrong}");
        }
    }

    #[test]
    fn a_listed_address_is_needed_where_there_is_a_list() {
        let mut one = source("a", &[("s", None)]);
        one.addresses = vec!["52.89.214.238/32".parse().unwrap()];
        let sources = Sources::new(vec![one]);
        let from = |address: &str| sources.find("s", address.parse().ok(), now()).is_ok();
        assert!(from("52.89.214.238"));
        assert!(!from("52.89.214.239") && !from("unknown"));
    }

    #[test]
    fn a_signature_covers_time_and_body() {
        let one = source("TV-main", &[]);
        let check = |timestamp: Option<&str>, signature: Option<&str>, body: &[u8]| {
            let given = Signature {
                timestamp,
                signature,
            };
            signatures().check(&one, given, (body, now())).is_ok()
        };
        let right = sign("second secret", "1795000000", b"{}");
        assert!(check(Some("1795000000"), Some(&right), b"{}"));
        assert!(check(
            Some("1795000000"),
            Some(&format!("v1=00,{right}")),
            b"{}"
        ));
        assert!(!check(Some("1795000001"), Some(&right), b"{}"));
        assert!(!check(Some("1795000000"), Some(&right), b"{ }"));
        assert!(!check(
            Some("1795000000"),
            Some(&sign("k", "1795000000", b"{}")),
            b"{}"
        ));
        assert!(!check(Some("1795000000"), None, b"{}") && !check(None, Some(&right), b"{}"));
        assert!(check(None, None, b"{}"));
        for (made, within) in [
            ("1794999700", true),
            ("1794999699", false),
            ("1795000301", false),
        ] {
            assert_eq!(
                check(Some(made), Some(&sign("second secret", made, b"{}")), b"{}"),
                within
            );
        }
    }

    #[test]
    fn a_required_signature_must_be_there_and_have_a_key() {
        let mut one = source("tv-main", &[]);
        one.signed = Signed::Required;
        let none = Signature::default();
        assert!(signatures().check(&one, none, (b"{}", now())).is_err());
        one.name = "keyless".to_owned();
        let signed = sign("second secret", "1795000000", b"{}");
        let given = Signature {
            timestamp: Some("1795000000"),
            signature: Some(&signed),
        };
        assert!(signatures().check(&one, given, (b"{}", now())).is_err());
    }

    #[test]
    fn only_a_trusted_proxy_says_where_a_request_comes_from() {
        let trusted = [
            "127.0.0.1/32".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ];
        let from = |peer: &str, header: Option<&str>| {
            sender_address(peer.parse().unwrap(), header, &trusted).map(|ip| ip.to_string())
        };
        let address = |text: &str| Some(text.to_owned());
        assert_eq!(from("9.9.9.9:1", Some("1.2.3.4")), address("9.9.9.9"));
        assert_eq!(from("127.0.0.1:1", Some("1.2.3.4")), address("1.2.3.4"));
        assert_eq!(
            from("[::ffff:127.0.0.1]:1", Some("1.2.3.4:55")),
            address("1.2.3.4")
        );
        assert_eq!(
            from("127.0.0.1:1", Some("6.6.6.6, 1.2.3.4, 10.1.1.1")),
            address("1.2.3.4")
        );
        assert_eq!(from("127.0.0.1:1", Some("10.1.1.1")), address("10.1.1.1"));
        assert_eq!(
            from("127.0.0.1:1", Some("[2001:db8::1]")),
            address("2001:db8::1")
        );
        assert_eq!(from("127.0.0.1:1", Some("1.2.3.4, nonsense")), None);
        assert_eq!(from("127.0.0.1:1", None), address("127.0.0.1"));
    }
}

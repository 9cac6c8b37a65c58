//! Which account runs the server. PostgreSQL refuses to run as root; we then become somebody else.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::{ClusterError, io_error};

/// How the file is called that tells us who we are.
pub(super) const PROBE: &str = "torana-who.";

/// The account of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// The one we run as ourselves.
    Mine { uid: u32 },
    /// Another one, because we are root.
    Other { name: String, uid: u32, gid: u32 },
}

impl Account {
    /// Looks who we are by the owner of a file made in `dir`, and who the server shall be: root
    /// runs the server of existing `data` as its owner, who may have made it without being root.
    pub(super) fn for_server(dir: &Path, data: &Path) -> Result<Self, ClusterError> {
        let owner = my_uid(dir)?;
        if owner != 0 {
            return Ok(Self::Mine { uid: owner });
        }
        if let Some(meta) = fs::metadata(data).ok().filter(|meta| meta.uid() != 0) {
            let (uid, gid) = (meta.uid(), meta.gid());
            return Ok(Self::Other {
                name: format!("number {uid}"),
                uid,
                gid,
            });
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(io_error("read", "/etc/passwd"))?;
        unprivileged(&passwd).ok_or(ClusterError::NoAccount)
    }

    /// Lets a command run as this account.
    pub(super) fn apply(&self, command: &mut Command) {
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
    }

    /// Makes this account the owner of `path`.
    pub(super) fn own(&self, path: &Path) -> Result<(), ClusterError> {
        match self {
            Self::Mine { .. } => Ok(()),
            Self::Other { uid, gid, .. } => {
                chown(path, Some(*uid), Some(*gid)).map_err(io_error("change the owner of", path))
            }
        }
    }

    /// Whether it is not our own.
    pub(super) fn is_other(&self) -> bool {
        matches!(self, Self::Other { .. })
    }

    /// Its number.
    pub(super) fn uid(&self) -> u32 {
        match self {
            Self::Mine { uid } | Self::Other { uid, .. } => *uid,
        }
    }

    /// Refuses a directory below one that the other account may not enter, such as `/root`.
    pub(super) fn reaches(&self, dir: &Path) -> Result<(), ClusterError> {
        let Self::Other { name, uid, gid } = self else {
            return Ok(());
        };
        for parent in dir.ancestors().skip(1) {
            let meta = fs::metadata(parent).map_err(io_error("look at", parent))?;
            let bit = match (meta.uid() == *uid, meta.gid() == *gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if meta.mode() & bit == 0 {
                let blocked = parent.to_path_buf();
                return Err(ClusterError::OutOfReach {
                    user: name.clone(),
                    blocked,
                });
            }
        }
        Ok(())
    }

    /// Explains a program that did not start.
    pub(super) fn explain(&self, program: &Path, source: io::Error) -> ClusterError {
        match self {
            Self::Other { name, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                ClusterError::MayNotSwitch {
                    user: name.clone(),
                    source,
                }
            }
            Self::Mine { .. } | Self::Other { .. } => io_error("start", program)(source),
        }
    }
}

/// Who we are: the owner of a file made in `dir`. There is no other way without `unsafe`.
pub(super) fn my_uid(dir: &Path) -> Result<u32, ClusterError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let probe = dir.join(format!("{PROBE}{}.{number}", std::process::id()));
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&probe);
    let uid = file.and_then(|file| file.metadata()).map(|meta| meta.uid());
    let uid = uid.map_err(io_error("write to", dir))?;
    fs::remove_file(&probe).map_err(io_error("remove", &probe))?;
    Ok(uid)
}

/// `postgres`, else `nobody`, of the system's account list.
fn unprivileged(passwd: &str) -> Option<Account> {
    ["postgres", "nobody"].iter().find_map(|name| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == *name).then_some(())?;
            let mut numbers = fields.skip(1).map(str::parse);
            let (uid, gid) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
            (uid != 0).then(|| Account::Other {
                name: (*name).to_owned(),
                uid,
                gid,
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_becomes_postgres_else_nobody_and_never_root() {
        let both = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\npostgres:x:101:104::/:/x\n";
        let postgres = Account::Other {
            name: "postgres".into(),
            uid: 101,
            gid: 104,
        };
        assert_eq!(unprivileged(both), Some(postgres));
        let nobody = Account::Other {
            name: "nobody".into(),
            uid: 65534,
            gid: 65533,
        };
        assert_eq!(unprivileged("nobody:x:65534:65533::/:/x"), Some(nobody));
        assert_eq!(
            unprivileged("postgres:x:0:0::/:/x\nnobodyelse:x:5:5::/:/x"),
            None
        );
    }
}

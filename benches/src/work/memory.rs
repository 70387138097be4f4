//! Memory of an entity, as the machine sees it.
//!
//! Resident pages are what a user pays for, and they contain the allocator's own headers, which a
//! counting allocator would not show; one would also slow every allocation of the other rows.
//! So each figure comes from a process of its own, which returns its free pages to the machine
//! before it looks. [`ENVIRONMENT`] keeps blocks that live long apart from those that do not.

use super::{Can, ENTITIES, Subject, Work};
use anyhow::{Context, bail};

/// Large blocks are mapped one by one and returned when freed, the top of the heap as well.
pub(crate) const ENVIRONMENT: [(&str, &str); 3] = [
    ("MALLOC_MMAP_THRESHOLD_", "65536"),
    ("MALLOC_TRIM_THRESHOLD_", "0"),
    ("MALLOC_ARENA_MAX", "1"),
];

/// The figure of one of the works about memory. Only meaningful in a process started for it.
pub(crate) fn figure<S: Subject>(work: Option<Work>) -> Can<f64> {
    let restored = match work {
        Some(Work::Memory) => false,
        Some(Work::MemoryRestored) => true,
        other => bail!("{other:?} is not about memory"),
    };
    // What a first store costs once (code, statics, lazy tables) is not the entities' cost.
    drop(S::create_lean(1)?);
    let before = resident()?;
    let Some(mut subject) = S::create_lean(ENTITIES)? else {
        return Ok(None);
    };
    if restored {
        let Some(copy) = subject.restored()? else {
            return Ok(None);
        };
        subject = copy;
    }
    subject.forget();
    trim();
    let after = resident()?;
    drop(subject);
    Ok(Some(after.saturating_sub(before) as f64 / ENTITIES as f64))
}

/// Returns free pages to the machine, also those between blocks that are in use.
fn trim() {
    // The C library's own call has no safe wrapper: it takes a number, touches free memory only, and
    // has no conditions to check. Checked by the figures: they are the same twice in a row.
    #[allow(unsafe_code)]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            safe fn malloc_trim(pad: usize) -> i32;
        }
        malloc_trim(0);
    }
}

/// Resident bytes of this process, without pages of files.
fn resident() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("no /proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB"));
    let kib: u64 = kib
        .context("no RssAnon in /proc/self/status")?
        .trim()
        .parse()?;
    Ok(kib * 1_024)
}

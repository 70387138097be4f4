//! The later library as a side.
//!
//! Its source goes on where the registry's 0.1.1 ended, still calls itself 0.1.1, and was never
//! published: it is the one with subscriptions, filters and interned names. So it cannot be a
//! dependency. With `--later DIR` a checkout is built together with `later/*.rs` and `work/`, and
//! runs beside us in every round; without one its recorded figures stand in.

use crate::in_process;
use crate::project::Project;
use crate::rounds::Side;
use crate::row::{Row, Theme};
use crate::work::{Can, Work};
use anyhow::{Context, ensure};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What the names of its figures start with.
pub(crate) const NAME: &str = "qlib-rs at ";

/// The running driver.
pub(crate) struct Later {
    name: String,
    full: bool,
    program: PathBuf,
    driver: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Later {
    /// Builds the checkout with its driver and starts it. `full` for figures that take minutes.
    pub(crate) fn start(checkout: &Path, full: bool) -> anyhow::Result<Self> {
        let checkout = checkout
            .canonicalize()
            .context("no checkout of the later library")?;
        let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
        let main = std::fs::read_to_string(benches.join("later/main.rs"))?
            .replace("{src}", &benches.join("src").display().to_string());
        let peer = std::fs::read_to_string(benches.join("later/peer.rs"))?;
        let dependencies = format!(
            "anyhow = \"1\"\nserde_json = \"1\"\nsmol_str = \"0.3\"\nqlib-rs = {{ path = {:?} }}\n",
            checkout.display().to_string()
        );
        let executable = std::env::current_exe()?;
        let target = executable.ancestors().nth(2).context("no target folder")?;
        let files = [
            ("src/main.rs", main.as_str()),
            ("src/peer.rs", peer.as_str()),
        ];
        let project = Project::write(&target.join("later"), "later", &dependencies, &files)?;
        project.cargo(&["build", "--release"])?;

        let program = project.program("later");
        let mut driver = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = driver.stdin.take().context("no input")?;
        let from = BufReader::new(driver.stdout.take().context("no output")?);
        Ok(Self {
            name: format!("{NAME}{}", commit(&checkout)?),
            full,
            program,
            driver,
            to,
            from,
        })
    }

    fn ask(&mut self, work: Work) -> Can<f64> {
        writeln!(self.to, "{}", work.name())?;
        let mut answer = String::new();
        self.from.read_line(&mut answer)?;
        in_process::figure(&answer)
    }
}

impl Side for Later {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn figure(&mut self, row: &Row) -> Can<f64> {
        if row.theme != Theme::InProcess || self.slow(row) && !self.full {
            return Ok(None);
        }
        match row.work {
            Work::Memory | Work::MemoryRestored => {
                in_process::memory(&self.program, &[&row.work.name()])
            }
            work => self.ask(work),
        }
        .with_context(|| self.name.clone())
    }

    fn slow(&self, row: &Row) -> bool {
        matches!(
            row.work,
            Work::CreateTo100k | Work::FilterAll | Work::Memory | Work::MemoryRestored
        )
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        // It may have ended already; there is nothing to do about either.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The short name of the commit that is checked out.
fn commit(checkout: &Path) -> anyhow::Result<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(checkout)
        .args(["rev-parse", "--short", "HEAD"])
        .output()
        .context("git does not start")?;
    ensure!(
        output.status.success(),
        "{} is no checkout",
        checkout.display()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

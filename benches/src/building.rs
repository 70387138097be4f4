//! What building costs a user: the macro crate, and an application that depends on qlib.

use crate::project::{Project, cargo};
use crate::rounds::Side;
use crate::row::{Row, Theme};
use crate::work::{Can, Work};
use anyhow::{Context, ensure};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Under this name its figures are recorded.
pub(crate) const NAME: &str = "cargo";

/// Where an edit goes, in the text of the application.
const EDIT: &str = "// An edit goes here.";

/// Crates that a build of C is driven by; those called `…-sys` bring C themselves.
const BUILDERS_OF_C: [&str; 6] = ["autotools", "bindgen", "cc", "cmake", "pkg-config", "vcpkg"];

/// Cargo as a side: its figures are ours.
pub(crate) struct Building {
    hello: Option<(Project, tempfile::TempDir, String)>,
}

impl Building {
    /// Nothing is written yet.
    pub(crate) fn new() -> Self {
        Self { hello: None }
    }

    /// The application, its dependencies fetched, in a temporary folder.
    fn hello(&mut self) -> anyhow::Result<&(Project, tempfile::TempDir, String)> {
        if self.hello.is_none() {
            let root = workspace()?;
            let text = std::fs::read_to_string(root.join("benches/hello/main.rs"))?;
            ensure!(text.contains(EDIT), "hello/main.rs has no line {EDIT:?}");
            // The versions that the workspace has, so that two runs build the same.
            let lock = std::fs::read_to_string(root.join("Cargo.lock"))?;
            let qlib = root.join("qlib").display().to_string();
            let dependencies = format!(
                "qlib = {{ path = {qlib:?} }}\ntracing = {{ version = \"0.1\", \
                 default-features = false, features = [\"std\"] }}\n"
            );
            let folder = tempfile::tempdir()?;
            let files = [
                ("src/main.rs", text.as_str()),
                ("Cargo.lock", lock.as_str()),
            ];
            let project = Project::write(folder.path(), "hello", &dependencies, &files)?;
            project.cargo(&["fetch"])?;
            self.hello = Some((project, folder, text));
        }
        self.hello.as_ref().context("no application")
    }

    /// The names of the crates that the application is built from, itself left out.
    fn crates(&mut self) -> anyhow::Result<BTreeSet<String>> {
        let (project, ..) = self.hello()?;
        let (_, tree) = project.cargo(&[
            "tree",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])?;
        Ok(tree
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                Some(format!("{} {}", words.next()?, words.next()?))
            })
            .filter(|name| !name.starts_with("hello "))
            .collect())
    }

    /// The median of three checks, each after a different edit.
    fn check(&mut self) -> anyhow::Result<f64> {
        let (project, _, text) = self.hello()?;
        project.cargo(&["check"])?;
        let mut seconds = Vec::new();
        for edit in 0..3 {
            let line = format!("let _edited = {edit};");
            project.put("src/main.rs", &text.replace(EDIT, &line))?;
            seconds.push(project.cargo(&["check"])?.0.as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        seconds.get(1).copied().context("no check")
    }
}

impl Side for Building {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn figure(&mut self, row: &Row) -> Can<f64> {
        let figure = match row.work {
            _ if row.theme != Theme::Building => return Ok(None),
            Work::MacroStack => {
                let target = tempfile::tempdir()?;
                let arguments = ["build", "--package", "qlib-macros"];
                cargo(&workspace()?, target.path(), &arguments)?
                    .0
                    .as_secs_f64()
            }
            Work::HelloCold => self.hello()?.0.cargo(&["build"])?.0.as_secs_f64(),
            Work::HelloCheck => self.check()?,
            Work::HelloCrates => self.crates()?.len() as f64,
            Work::HelloC => {
                let crates = self.crates()?;
                let names = crates.iter().filter_map(|name| name.split(' ').next());
                names.filter(|name| is_of_c(name)).count() as f64
            }
            Work::HelloSize => {
                let (project, ..) = self.hello()?;
                project.cargo(&["build", "--release"])?;
                std::fs::metadata(project.program("hello"))?.len() as f64 / 1e6
            }
            _ => return Ok(None),
        };
        Ok(Some(figure))
    }

    fn slow(&self, _row: &Row) -> bool {
        true
    }
}

/// Whether a crate of that name needs a C compiler.
fn is_of_c(name: &str) -> bool {
    let library = name.ends_with("-sys") && name != "linux-raw-sys";
    library || BUILDERS_OF_C.contains(&name)
}

/// The folder of the workspace.
fn workspace() -> anyhow::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    Ok(root.context("no workspace")?.to_owned())
}

//! The command line: what there is, and how it is explained.

use clap::{Arg, ArgAction, Command, value_parser};
use qlib::Timestamp;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed for another reason; `schema diff`: something differs
  2  the command line is wrong
  3  no such store, file, entity, field or type
  4  the store refused it: a constraint, a conflict, types or a file that do not fit
  5  a file of the store, or a backup, is damaged
  6  another process has the store open, and the command would write to it
  7  `open` only: opened, and what a crash had left unfinished was cut off, or a damaged
     snapshot was passed over
  8  `repair` only: repaired, and revisions are lost

Examples:
  qlib --store data tree /Home --depth 2
  qlib --store data get /Home/Lamp.Brightness
  Q_STORE=file:data qlib log --last 5 --json";

pub(crate) fn command() -> Command {
    let json = Arg::new("json")
        .long("json")
        .global(true)
        .action(ArgAction::SetTrue)
        .help("Print JSON for programs: one value a line");
    Command::new("qlib")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Look into a store of qlib, and change it")
        .after_help(EXIT_CODES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(store())
        .arg(json)
        .subcommands([
            open(),
            tree(),
            get(),
            set(),
            watch(),
            history(),
            log(),
            schema(),
            stats(),
            export(),
            import(),
            backup(),
            restore(),
            repair(),
        ])
}

fn store() -> Arg {
    Arg::new("store")
        .long("store")
        .value_name("DIR")
        .env("Q_STORE")
        .hide_env_values(true)
        .global(true)
        .help("The directory of the store; file:DIR means the same. It must exist")
}

fn below(name: &'static str, about: &'static str, examples: &'static str) -> Command {
    Command::new(name).about(about).after_help(examples)
}

fn positional(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).value_name(value).help(help)
}

fn open() -> Command {
    below(
        "open",
        "Open the store; report what it holds and what was cut",
        "Examples:\n  qlib --store data open || echo \"exit code $?\"",
    )
}

fn tree() -> Command {
    let depth = Arg::new("depth")
        .long("depth")
        .value_name("N")
        .value_parser(value_parser!(usize))
        .help("How many levels below PATH; all unless given");
    below(
        "tree",
        "Print an entity and those below it",
        "Examples:\n  qlib --store data tree\n  qlib --store data tree /Home --depth 1",
    )
    .arg(positional("path", "PATH", "A path, or an entity's id").default_value("/"))
    .arg(depth)
    .arg(at())
}

fn at() -> Arg {
    Arg::new("at")
        .long("at")
        .value_name("REVISION")
        .value_parser(value_parser!(u64))
        .help("As it was at this revision, which the log must reach back to")
}

fn get() -> Command {
    below(
        "get",
        "Print the value of a field, or all fields of an entity with who wrote them and when",
        "Examples:\n  qlib --store data get /Home/Lamp\n  qlib --store data get /Home/Lamp.Brightness --at 42",
    )
    .arg(
        positional("target", "PATH[.FIELD]", "A path or an entity's id, and a field").required(true),
    )
    .arg(at())
}

fn set() -> Command {
    let unset = Arg::new("unset")
        .long("unset")
        .action(ArgAction::SetTrue)
        .help("Take the value away; a field with a default gets that");
    below(
        "set",
        "Write a field, and wait until that is on the disk",
        "Values are written as the field's kind wants them: 42, 21.5, true, text, a variant's name,
2026-01-31T12:00:00Z, a path or an id, several of them with commas between, bytes in hexadecimal.

Examples:
  qlib --store data set /Home/Lamp.Brightness 80
  qlib --store data set /Home/Lamp.Room /Home/Kitchen
  qlib --store data set /Home/Lamp.Offset -- -0.5
  qlib --store data set /Home/Lamp.Maker --unset",
    )
    .arg(
        positional(
            "field",
            "PATH.FIELD",
            "A path or an entity's id, and a field",
        )
        .required(true),
    )
    .arg(
        positional("value", "VALUE", "What the field is to hold")
            .required_unless_present("unset")
            .conflicts_with("unset"),
    )
    .arg(unset)
}

fn watch() -> Command {
    below(
        "watch",
        "Print what fields hold, and then each change as it comes, until interrupted",
        "What an application that has the store open commits is printed once it is on the disk.

Examples:
  qlib --store data watch Lamp Brightness
  qlib --store data watch /Home/Lamp",
    )
    .arg(positional(
        "of",
        "PATH|TYPE",
        "An entity's path, or a type and those that extend it; everything unless given",
    ))
    .arg(positional("field", "FIELD", "A field; all unless given"))
}

fn history() -> Command {
    let time = |name: &'static str, help| {
        Arg::new(name)
            .long(name)
            .value_name("TIME")
            .value_parser(value_parser!(Timestamp))
            .help(help)
    };
    below(
        "history",
        "Print the values that a field had, where its type keeps them",
        "Examples:
  qlib --store data history /Home/Lamp.Power
  qlib --store data history /Home/Lamp.Power --from 2026-01-31T12:00:00Z --json",
    )
    .arg(
        positional(
            "field",
            "PATH.FIELD",
            "A path or an entity's id, and a field",
        )
        .required(true),
    )
    .arg(time("from", "Only from this time on"))
    .arg(time("to", "Only before this time"))
}

fn log() -> Command {
    let last = Arg::new("last")
        .long("last")
        .value_name("N")
        .value_parser(value_parser!(u64))
        .default_value("20")
        .help("How many of the newest commits");
    below(
        "log",
        "Print the newest commits: who made them, what provoked them, what they changed",
        "Examples:\n  qlib --store data log\n  qlib --store data log --last 100 --json",
    )
    .arg(last)
}

fn schema() -> Command {
    let types =
        || file("What `schema export` of this tool or of an application wrote").required(true);
    let allow_removal = || {
        Arg::new("allow-removal")
            .long("allow-removal")
            .action(ArgAction::SetTrue)
            .help("Take away fields that FILE does not have, with what they hold")
    };
    let export = Command::new("export").about("Write the store's types as a file that diffs well");
    let export = export.arg(file("Where to write; standard output unless given"));
    let diff = Command::new("diff").about("Print what FILE would change; exit with 1 if anything");
    let plan = Command::new("plan").about("Print how the store gets the types of FILE, or why not");
    let apply =
        Command::new("apply").about("Give the store the types of FILE, as `plan` prints it");
    below(
        "schema",
        "Print the types of the store; compare them with a file's, or change them",
        "Examples:
  qlib --store data schema
  qlib --store data schema Lamp
  qlib --store data schema export schema.toml
  qlib --store data schema plan schema.toml",
    )
    .args_conflicts_with_subcommands(true)
    .arg(positional("type", "TYPE", "A type; all unless given"))
    .subcommand(export)
    .subcommand(diff.arg(types()))
    .subcommand(plan.arg(types()).arg(allow_removal()))
    .subcommand(apply.arg(types()).arg(allow_removal()))
}

fn file(help: &'static str) -> Arg {
    positional("file", "FILE", help)
}

fn export() -> Command {
    below(
        "export",
        "Write an entity and all below it as JSON that people can read and that diffs well",
        "Examples:\n  qlib --store data export > all.json\n  qlib --store data export /Home home.json",
    )
    .arg(positional("path", "PATH", "A path, or an entity's id").default_value("/"))
    .arg(file("Where to write; standard output unless given"))
}

fn import() -> Command {
    below(
        "import",
        "Put what `export` wrote in place of what is there, in one commit",
        "What the file does not name below its top entity is deleted. Ids are kept; the types must exist.

Examples:
  qlib --store data import home.json",
    )
    .arg(file("What `export` wrote").required(true))
}

fn backup() -> Command {
    below(
        "backup",
        "Write the whole store to a file",
        "Examples:\n  qlib --store data backup data.backup",
    )
    .arg(file("Where to write; replaced once the new one is whole").required(true))
}

fn restore() -> Command {
    let new = Arg::new("new")
        .long("new")
        .action(ArgAction::SetTrue)
        .help("Begin a store where there is none");
    below(
        "restore",
        "Replace the whole store by a backup, in one commit, once all of it was checked",
        "Examples:
  qlib --store data restore data.backup
  qlib --store elsewhere restore data.backup --new",
    )
    .arg(file("What `backup` wrote").required(true))
    .arg(new)
}

fn repair() -> Command {
    let yes = Arg::new("yes")
        .long("yes")
        .action(ArgAction::SetTrue)
        .help("Do not ask");
    below(
        "repair",
        "Make a store that is damaged one that opens, as new as it can be read",
        "The directory is copied first, to one beside it. What is saved is the newest good snapshot and
the log behind it, up to the damage; what is lost is named.

Examples:
  qlib --store data repair
  qlib --store data repair --yes",
    )
    .arg(yes)
}

fn stats() -> Command {
    below(
        "stats",
        "Print how much the store holds",
        "Examples:\n  qlib --store data stats --json",
    )
}

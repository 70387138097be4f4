//! Drives a checkout of the later library. `qlib-benches --later DIR` builds it and talks to it:
//! a line with the name of a work goes in, a line with a figure, `none`, or `error …` comes out.

#![allow(dead_code, unused_imports)] // `work` is written for its other user as well

mod peer;
#[path = "{src}/work/mod.rs"]
mod work;

use peer::Later;
use std::io::{BufRead, Write};

fn main() -> anyhow::Result<()> {
    let mut bench = work::Bench::<Later>::new();
    let mut arguments = std::env::args().skip(1);
    if let Some(name) = arguments.next() {
        println!("{}", work::answer(work::memory_figure::<Later>(work::Work::named(&name))));
        return Ok(());
    }
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let figure = match work::Work::named(&line) {
            Some(work) => bench.figure(work),
            None => Err(anyhow::anyhow!("no work is called {line}")),
        };
        println!("{}", work::answer(figure));
        std::io::stdout().flush()?;
    }
    Ok(())
}

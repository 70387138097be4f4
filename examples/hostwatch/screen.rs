//! Shows the tree, live.

use std::time::Duration;

use qlib::Field;
use qlib::prelude::*;

use crate::collector::Collector;
use crate::model::{Alarm, Core, Disk, Health, Host, Interface, Memory, Part, Process, Processor};
use crate::terminal::{self, Terminal};
use crate::text::{self, Line, Style, bar, bytes, span};

/// So many points has the curve of a part's usage.
const CURVE: usize = 20;

/// A view of the tree: draws when the store's revision has moved.
pub(crate) struct Screen {
    show: bool,
    terminal: Option<Terminal>,
    drawn: Option<Drawn>,
}

/// What a drawing depends on.
#[derive(PartialEq)]
struct Drawn {
    revision: u64,
    size: (usize, usize),
    log: Vec<String>,
}

#[worker(after = Collector)]
impl Screen {
    /// A screen, or none where there is no terminal.
    pub(crate) fn new(show: bool) -> Self {
        Self {
            show,
            terminal: None,
            drawn: None,
        }
    }

    #[init]
    async fn init(&mut self, cx: &mut Cx) -> Result<(), std::io::Error> {
        if self.show {
            self.terminal = Some(Terminal::take(cx.main_thread())?);
        }
        Ok(())
    }

    #[every("200ms")]
    async fn draw(&mut self, cx: &mut Cx) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let Some(terminal) = &mut self.terminal else {
            return Ok(());
        };
        let (width, height) = terminal.size()?;
        let now = Drawn {
            revision: cx.store().revision(),
            size: (width, height),
            log: terminal::log_lines((height / 6).clamp(2, 8)),
        };
        if self.drawn.as_ref() != Some(&now) {
            let lines = frame(cx.store(), &now)?;
            terminal.show(lines.iter().map(|line| line.render(width)).collect())?;
            self.drawn = Some(now);
        }
        Ok(())
    }

    #[deinit]
    async fn deinit(&mut self) -> Result<()> {
        self.terminal = None;
        Ok(())
    }
}

/// All lines of the screen.
fn frame(store: &Store, drawn: &Drawn) -> Result<Vec<Line>> {
    let (width, height) = drawn.size;
    let Some(host) = store.select::<Host>().first()? else {
        return Ok(Vec::new());
    };
    let mut lines = vec![title(store, &host.name, &host.value)];
    let log = drawn.log.len() + 1;
    let room = height.saturating_sub(lines.len() + log);
    lines.extend(text::fit(sections(store)?, room));
    lines.resize_with(height.saturating_sub(log), Line::default);
    let help = " q quits ";
    let rule = width.saturating_sub(help.len() + 2);
    lines.push(vec![span(Style::Dim, format!("──{help}{}", "─".repeat(rule)))].into());
    for line in &drawn.log {
        let style = match line.get(9..14) {
            Some("ERROR") => Style::Bad,
            Some(" WARN") => Style::Warn,
            _ => Style::Dim,
        };
        lines.push(vec![span(style, line.clone())].into());
    }
    lines.truncate(height);
    Ok(lines)
}

fn title(store: &Store, name: &str, host: &Host) -> Line {
    let (days, hours) = (host.uptime / 86_400, host.uptime / 3_600 % 24);
    let minutes = host.uptime / 60 % 60;
    let details = format!(
        "  {}  up {days}d {hours:02}:{minutes:02}  load {:.2}  revision {}",
        host.system,
        host.load,
        store.revision()
    );
    vec![
        health(host.health),
        span(Style::Bold, format!(" {name}")),
        span(Style::Dim, details),
    ]
    .into()
}

/// The tree below the host: each child of the host with what is below it.
fn sections(store: &Store) -> Result<Vec<Vec<Line>>> {
    let mut sections = Vec::new();
    for processor in store.select::<Processor>().all()? {
        let usage = processor.value.usage;
        let curve = curve(store, processor.id, Processor::FIELDS.Usage)?;
        let average = format!("{:5.1} % on average", processor.value.average);
        let text = format!("{curve}  {average}");
        let mut lines = vec![part(store, processor.id, &processor.name, usage, text)?];
        for core in store.select::<Core>().all()? {
            let mut line = leaf(&core.name);
            line.extend(gauge(core.value.usage, Style::Plain));
            lines.push(line.into());
        }
        sections.push(lines);
    }
    for memory in store.select::<Memory>().all()? {
        let Memory {
            total,
            used,
            usage,
            swap_total,
            swap_used,
        } = memory.value;
        let curve = curve(store, memory.id, Memory::FIELDS.Usage)?;
        let mut text = format!("{curve}  {} of {}", bytes(used), bytes(total));
        if swap_total > 0 {
            text += &format!(", swap {} of {}", bytes(swap_used), bytes(swap_total));
        }
        sections.push(vec![part(store, memory.id, &memory.name, usage, text)?]);
    }
    let mut disks = vec![group("Disks")];
    for disk in store.select::<Disk>().all()? {
        let Disk {
            mount,
            file_system,
            total,
            available,
            usage,
        } = disk.value;
        let free = format!("{} free of {}", bytes(available), bytes(total));
        let text = format!("{free}  {mount} ({file_system})");
        disks.push(part(
            store,
            disk.id,
            &format!("  {}", disk.name),
            usage,
            text,
        )?);
    }
    sections.push(disks);
    let mut interfaces = vec![group("Network")];
    for interface in store.select::<Interface>().all()? {
        let mut line = leaf(&interface.name);
        let (receiving, sending) = (interface.value.receiving, interface.value.sending);
        let rates = format!("↓ {:>9}/s   ↑ {:>9}/s", bytes(receiving), bytes(sending));
        let (received, sent) = (interface.value.received, interface.value.sent);
        let totals = format!("   {} in, {} out", bytes(received), bytes(sent));
        line.extend([span(Style::Plain, rates), span(Style::Dim, totals)]);
        interfaces.push(line.into());
    }
    sections.push(interfaces);
    let mut processes = vec![group("Processes")];
    let busiest = Process::FIELDS.Usage.descending();
    for process in store.select::<Process>().order_by(busiest).all()? {
        let Process {
            command,
            usage,
            memory,
        } = process.value;
        let mut line = leaf(&process.name);
        line.push(span(
            Style::Plain,
            format!("{usage:5.1} %  {:>9}  ", bytes(memory)),
        ));
        line.push(span(Style::Dim, command));
        processes.push(line.into());
    }
    sections.push(processes);
    Ok(sections)
}

/// A part of the host: its health, its gauge, and its alarms.
fn part(store: &Store, id: EntityId, name: &str, usage: f64, text: String) -> Result<Line> {
    let alarms = Alarm::FIELDS.About.eq(Ref::<Part>::new(id));
    let alarms = store.select::<Alarm>().filter(alarms).all()?;
    let state = store.read(id, Part::FIELDS.Health)?;
    let mut line = vec![health(state), span(Style::Plain, format!(" {name:<12}"))];
    line.extend(gauge(usage, style(state)));
    line.push(span(Style::Dim, format!("  {text}")));
    for alarm in alarms {
        let since = Timestamp::now().since(alarm.value.since).as_secs();
        let text = format!("  {} for {since} s", alarm.name);
        line.push(span(style(alarm.value.level), text));
    }
    Ok(line.into())
}

/// The usage of a part in the last five minutes.
fn curve<E>(store: &Store, part: EntityId, usage: Field<E, f64>) -> Result<String> {
    let step = Duration::from_secs(15);
    let begin = Timestamp::now() - step * CURVE as u32;
    let buckets = store.history(part, usage, begin..)?.buckets(step)?;
    let mut means = [None; CURVE];
    // The last one is that of now: what a field holds, it holds until it is written again.
    let now = buckets.last().map_or(begin, |last| last.start);
    for bucket in buckets {
        let back = now.since(bucket.start).as_nanos() / step.as_nanos();
        if let Some(mean) = means.iter_mut().rev().nth(back as usize) {
            *mean = bucket.mean;
        }
    }
    Ok(text::curve(&means))
}

fn group(name: &str) -> Line {
    vec![span(Style::Plain, format!("  {name}"))].into()
}

fn leaf(name: &str) -> Vec<text::Span> {
    vec![span(Style::Plain, format!("    {name:<10}"))]
}

fn gauge(usage: f64, style: Style) -> [text::Span; 3] {
    let (full, empty) = bar(usage);
    [
        span(style, full),
        span(Style::Dim, empty),
        span(Style::Plain, format!(" {usage:5.1} %")),
    ]
}

fn health(health: Health) -> text::Span {
    span(style(health), "●".to_owned())
}

fn style(health: Health) -> Style {
    match health {
        Health::Ok => Style::Good,
        Health::Warning => Style::Warn,
        Health::Critical => Style::Bad,
    }
}

#[cfg(test)]
mod tests {
    use qlib::TestApp;

    use super::*;
    use crate::testing::{memory, small_host};

    #[qlib::test]
    async fn the_curve_shows_what_was_in_the_last_minutes(app: TestApp) {
        let store = app.store();
        store.transaction(small_host).await.unwrap();
        let memory = memory(&app);
        app.advance(Duration::from_secs(60)).await;
        let full = |tx: &mut qlib::Transaction<'_>| tx.set(memory, Memory::FIELDS.Usage, 100.0);
        store.transaction(full).await.unwrap();
        app.advance(Duration::from_secs(30)).await;
        let curve = curve(store, memory, Memory::FIELDS.Usage).unwrap();
        assert_eq!(curve, "              ▅▅▅▅██");
    }
}

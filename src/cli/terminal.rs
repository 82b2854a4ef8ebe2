//! Standard output and standard error: colours, width, diagnostics and exit codes.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::ops::Range;
use std::process::ExitCode;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use consistency_sim::history::pairing::ReadError;
use consistency_sim::run::RunError;
use consistency_sim::scenario::Diagnostic;

use super::{Color, Done, Failure, Result};

/// Diagnostics that are shown: nobody mends more of them at a time.
const SHOWN_MOST: usize = 50;

/// Where the command line writes.
pub struct Terminal {
    color: Color,
}

impl Terminal {
    /// With the user's wish for colours.
    pub fn new(color: Color) -> Terminal {
        Terminal { color }
    }

    /// Whether standard output gets colours.
    pub fn colors_output(&self) -> bool {
        self.colors(io::stdout().is_terminal())
    }

    fn colors_error(&self) -> bool {
        self.colors(io::stderr().is_terminal())
    }

    /// An explicit wish wins, then NO_COLOR, then CLICOLOR_FORCE, then whether somebody looks.
    fn colors(&self, is_terminal: bool) -> bool {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set("NO_COLOR") => false,
            Color::Auto if env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") => true,
            Color::Auto => is_terminal && env::var_os("TERM").is_none_or(|term| term != "dumb"),
        }
    }

    /// Columns for tables: the terminal's, or 100 where there is none.
    pub fn width(&self) -> usize {
        terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0))
    }

    /// Writes a result to standard output, with a line break at its end.
    pub fn print(&self, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        write!(out, "{text}{end}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Other { message: format!("cannot write to standard output: {error}"), input: false },
        })
    }

    /// Writes a remark to standard error. Nobody can be told that this failed.
    pub fn remark(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Writes a remark that the next one replaces, where standard error is a terminal; an empty one removes it.
    pub fn passing(&self, text: &str) {
        if io::stderr().is_terminal() {
            let _ = write!(io::stderr().lock(), "\r\x1b[2K{text}");
        }
    }

    fn renderer(&self) -> Renderer {
        let renderer = if self.colors_error() { Renderer::styled() } else { Renderer::plain() };
        match terminal_size::terminal_size_of(io::stderr()) {
            Some((width, _)) => renderer.term_width(usize::from(width.0)),
            None => renderer,
        }
    }

    /// Writes diagnostics to standard error, and how many there are.
    pub fn diagnose(&self, diagnostics: &[Diagnostic]) {
        let renderer = self.renderer();
        for diagnostic in diagnostics.iter().take(SHOWN_MOST) {
            self.remark(&format!("{}\n", render(&renderer, diagnostic)));
        }
        if diagnostics.len() > SHOWN_MOST {
            self.remark(&format!("… and {} more\n", diagnostics.len() - SHOWN_MOST));
        }
        let warnings = diagnostics.iter().filter(|diagnostic| diagnostic.is_warning()).count();
        let counts = [(diagnostics.len() - warnings, "mistake"), (warnings, "warning")];
        let counted = counts.into_iter().filter(|(count, _)| *count > 0);
        let counted: Vec<String> = counted.map(|(count, noun)| counted_noun(count, noun)).collect();
        let mut files: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.file.as_str()).collect();
        files.dedup();
        self.remark(&format!("{} in {}", counted.join(" and "), files.join(", ")));
    }

    /// Writes to standard error why a run of these scenarios has no outcome.
    pub fn failed(&self, error: RunError) -> Failure {
        let RunError::Trace(error) = error;
        self.diagnose(&[error.into()]);
        Failure::Input
    }

    /// Writes to standard error why a history cannot be read, with the line of the file's text if one is to blame.
    pub fn misread(&self, file: &str, text: &str, error: &ReadError) -> Failure {
        self.remark(&render_misread(&self.renderer(), file, text, error));
        Failure::Input
    }

    /// The exit code of a command, after the last words about it.
    pub fn exit(&self, done: Result<Done>) -> ExitCode {
        match done {
            Ok(Done::Kept) | Err(Failure::Closed) => ExitCode::SUCCESS,
            Ok(Done::Undecided) => ExitCode::from(3),
            Ok(Done::Broken) => ExitCode::from(10),
            Ok(Done::Violated) => ExitCode::from(11),
            Err(Failure::Input) => ExitCode::from(2),
            Err(Failure::Other { message, input }) => {
                let renderer = if self.colors_error() { Renderer::styled() } else { Renderer::plain() };
                self.remark(&renderer.render(&[Group::with_title(Level::ERROR.primary_title(message))]));
                ExitCode::from(if input { 2 } else { 1 })
            }
        }
    }
}

/// As in `1 mistake` and `3 warnings`.
pub(super) fn counted_noun(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn render(renderer: &Renderer, diagnostic: &Diagnostic) -> String {
    let level = if diagnostic.is_warning() { Level::WARNING } else { Level::ERROR };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut group = Group::with_title(title);
    if let Some(span) = &diagnostic.span {
        let mut mark = AnnotationKind::Primary.span(span.clone());
        if !diagnostic.label.is_empty() {
            mark = mark.label(diagnostic.label.as_str());
        }
        group = group.element(
            Snippet::source(&*diagnostic.source)
                .line_start(diagnostic.first_line)
                .path(diagnostic.file.as_str())
                .annotation(mark),
        );
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

fn render_misread(renderer: &Renderer, file: &str, text: &str, error: &ReadError) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = error.line.checked_sub(1).and_then(|before| text.lines().nth(before));
    // A line without end is shown around the place.
    let (shown, columns) = line.map_or(("", 0..0), |line| around(line, &error.columns));
    let place = if error.line > 0 { format!("{file}:{}", error.line) } else { file.to_owned() };
    let title = if shown.is_empty() { format!("{place}: {}", error.problem) } else { error.problem.clone() };
    let mut group = Group::with_title(Level::ERROR.primary_title(title.as_str()));
    if !shown.is_empty() {
        let mark = AnnotationKind::Primary.span(columns);
        group = group.element(Snippet::source(shown).line_start(error.line).path(file).annotation(mark));
    }
    renderer.render(&[group.element(Level::HELP.message(error.remedy.as_str()))])
}

/// Bytes of a line that are shown at most.
const LINE_SHOWN: usize = 400;

/// The part of a line around these bytes, and where they are in it; all of it if no bytes are named.
fn around<'a>(line: &'a str, columns: &Range<usize>) -> (&'a str, Range<usize>) {
    let boundary = |mut at: usize| {
        at = at.min(line.len());
        while !line.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let from = boundary(columns.start.saturating_sub(LINE_SHOWN / 2));
    let shown = &line[from..boundary(from + LINE_SHOWN)];
    if columns.is_empty() {
        return (shown, 0..shown.len());
    }
    let start = boundary(columns.start).clamp(from, from + shown.len());
    let end = boundary(columns.end).clamp(start, from + shown.len());
    (shown, start - from..end - from)
}

#[cfg(test)]
mod tests {
    use super::{Renderer, render, render_misread};
    use consistency_sim::history::format::{Format, read};
    use consistency_sim::scenario::{Origin, Override, parse_with};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn rendered(text: &str, set: &str) {
        let overrides = [Override::set(set)];
        for diagnostic in parse_with(text, &Origin::default(), &overrides).err().unwrap_or_default() {
            let text = render(&Renderer::plain(), &diagnostic);
            assert!(text.contains(diagnostic.code), "{text}");
            render(&Renderer::styled().term_width(40), &diagnostic);
        }
    }

    /// As the tests beside this program have them: the same each time, unless `PROPTEST_RNG_SEED` asks for others.
    fn same_inputs() -> ProptestConfig {
        let default = ProptestConfig::default();
        let rng_seed = if default.rng_seed == RngSeed::Random { RngSeed::Fixed(1) } else { default.rng_seed };
        ProptestConfig { rng_seed, ..default }
    }

    proptest! {
        #![proptest_config(same_inputs())]

        #[test]
        fn whatever_is_wrong_can_be_shown(text in "\\PC*|[a-z=\"\\[\\]{}\\.0-9 \r\n\t\u{85}é漢]{0,200}", set in "\\PC*|[a-z]{1,5}=\\PC*") {
            rendered(&text, &set);
        }

        #[test]
        fn whatever_history_is_wrong_can_be_shown(
            text in "\\PC*|[\\[\\]{}#:a-z\"\\\\ \r\n\t\u{feff}é漢|>-]{0,300}|INFO jepsen.util - [0-9] :[a-z]{0,6} :[a-z]{0,5} é{0,900}",
        ) {
            for format in Format::ALL {
                if let Err(error) = read(&text, Some(format)) {
                    let shown = render_misread(&Renderer::plain(), "file", &text, &error);
                    assert!(shown.contains("file") && shown.contains("help"), "{shown}");
                    render_misread(&Renderer::styled().term_width(40), "file", &text, &error);
                }
            }
        }
    }
}

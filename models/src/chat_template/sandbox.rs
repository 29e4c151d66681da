//! The environment that templates run in: Jinja as transformers sets it up, within bounds.
//!
//! A template comes with a model, from anyone. It reaches no file, no network, no clock and no other template; its
//! work is bounded by fuel (steps and bytes), its recursion and its output by limits.

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, StringInput, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, Value};
use minijinja_contrib::pycompat::unknown_method_callback;

use super::to_json::to_json;

/// Steps, and 64-byte pieces of data, that one rendering may take: well under a second, 128 MB. A template of a hundred
/// lines over a thousand messages takes a tenth of it.
pub(super) const FUEL: u64 = 2_000_000;
/// Bytes that one rendering may write: beyond the longest context of any model.
pub(super) const MAX_OUTPUT: usize = 8 << 20;
/// A template recurses into its own macros only.
const MAX_RECURSION: usize = 128;

/// What `raise_exception` was called with.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Raised(pub(super) String);

/// The environment of transformers: trimmed blocks, loop controls, Python's methods, no escaping.
pub(super) fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    // Without delimiters of its own, the configuration cannot conflict with itself.
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().unwrap_or_default());
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(MAX_RECURSION);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_formatter(python_str);
    env.set_unknown_method_callback(python_method);
    env.add_filter("tojson", |value: &Value, kwargs: Kwargs| to_json(value, &kwargs));
    env.add_filter("trim", |text: StringInput<'_>, chars: Option<&str>| {
        strip(text.as_str(), chars, true, true).to_owned()
    });
    env.add_function("raise_exception", |message: &str| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, "raise_exception").with_source(Raised(message.to_owned())))
    });
    env
}

/// Prints constants as Python does.
fn python_str(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::None => Ok(out.write_str("None")?),
        ValueKind::Bool => Ok(out.write_str(if value.is_true() { "True" } else { "False" })?),
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// Methods of Python's strings, lists and dictionaries.
fn python_method(state: &mut State<'_, '_>, value: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        let (left, right) = (method != "rstrip", method != "lstrip");
        if matches!(method, "strip" | "lstrip" | "rstrip") {
            let (chars,): (Option<&str>,) = minijinja::value::from_args(args)?;
            return Ok(strip(text, chars, left, right).into());
        }
    }
    unknown_method_callback(state, value, method, args)
}

/// `str.strip`: without `chars`, Python's white space, which includes the four information separators.
fn strip<'a>(text: &'a str, chars: Option<&str>, left: bool, right: bool) -> &'a str {
    let matches = |c: char| match chars {
        Some(chars) => chars.contains(c),
        None => c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'),
    };
    let text = if left { text.trim_start_matches(matches) } else { text };
    if right { text.trim_end_matches(matches) } else { text }
}

/// A buffer that refuses to grow beyond [`MAX_OUTPUT`].
#[derive(Default)]
pub(super) struct Bounded {
    pub(super) bytes: Vec<u8>,
    pub(super) is_full: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > MAX_OUTPUT - self.bytes.len() {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Replaces `{% generation %}` and `{% endgeneration %}`, by which training marks the assistant's text, with
/// a block that does nothing but scope.
pub(super) fn without_generation_blocks(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{%") {
        let (before, tag) = rest.split_at(at + 2);
        out.push_str(before);
        let name = tag.trim_start_matches(['-', '+']).trim_start();
        let space = &tag[..tag.len() - name.len()];
        let replaced = [("generation", "with"), ("endgeneration", "endwith")].into_iter().find_map(|(from, to)| {
            let end = name.strip_prefix(from)?;
            end.trim_start().trim_start_matches(['-', '+']).starts_with("%}").then_some((to, end))
        });
        rest = match replaced {
            Some((to, end)) => {
                out.push_str(space);
                out.push_str(to);
                end
            }
            None => tag,
        };
    }
    out.push_str(rest);
    out
}

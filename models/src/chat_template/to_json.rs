//! The `tojson` filter as Python's `json.dumps` writes it, which is what templates were written against.
//!
//! Keys keep their order unless `sort_keys` is set, nothing is escaped for HTML, and non-ASCII text stays as it is
//! unless `ensure_ascii` is set.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};

use super::sandbox::MAX_OUTPUT;

/// Deeper values are refused; no chat has them.
const MAX_DEPTH: usize = 64;

/// `value | tojson(ensure_ascii=false, indent=none, separators=none, sort_keys=false)`.
pub(super) fn to_json(value: &Value, kwargs: &Kwargs) -> Result<Value, Error> {
    let indent = kwargs.get::<Option<Value>>("indent")?.filter(|v| !v.is_none());
    let separators = kwargs.get::<Option<Vec<String>>>("separators")?;
    let mut writer = Writer {
        out: String::new(),
        ensure_ascii: kwargs.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        sort_keys: kwargs.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
        indent: indent.map(indent_text).transpose()?,
        item_separator: ", ".into(),
        key_separator: ": ".into(),
    };
    kwargs.assert_all_used()?;
    if writer.indent.is_some() {
        writer.item_separator = ",".into();
    }
    if let Some([item, key]) = separators.as_deref() {
        (writer.item_separator, writer.key_separator) = (item.clone(), key.clone());
    }
    writer.value(value, 0)?;
    Ok(Value::from_safe_string(writer.out))
}

fn indent_text(indent: Value) -> Result<String, Error> {
    const WIDEST: usize = 64;
    match indent.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Ok(" ".repeat(usize::try_from(indent)?.min(WIDEST))),
    }
}

struct Writer {
    out: String,
    ensure_ascii: bool,
    sort_keys: bool,
    indent: Option<String>,
    item_separator: String,
    key_separator: String,
}

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(Error::new(ErrorKind::InvalidOperation, "value is nested too deeply for JSON"));
        }
        if self.out.len() > MAX_OUTPUT {
            return Err(Error::new(ErrorKind::InvalidOperation, "value is too large for JSON"));
        }
        match value.kind() {
            ValueKind::None | ValueKind::Undefined => self.out.push_str("null"),
            ValueKind::Bool => self.out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.out.push_str(&value.to_string()),
            ValueKind::String => self.string(value.as_str().unwrap_or_default()),
            ValueKind::Map => self.map(value, depth)?,
            ValueKind::Seq | ValueKind::Iterable => self.list(value, depth)?,
            kind => {
                let detail = format!("a {kind} cannot be written as JSON");
                return Err(Error::new(ErrorKind::BadSerialization, detail));
            }
        }
        Ok(())
    }

    fn map(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        let mut keys: Vec<Value> = value.try_iter()?.collect();
        if self.sort_keys {
            keys.sort();
        }
        self.out.push('{');
        for (i, key) in keys.iter().enumerate() {
            self.separate(i, depth + 1);
            match key.as_str() {
                Some(text) => self.string(text),
                None => self.string(&key.to_string()),
            }
            let separator = self.key_separator.clone();
            self.out.push_str(&separator);
            self.value(&value.get_item(key)?, depth + 1)?;
        }
        self.close('}', keys.is_empty(), depth);
        Ok(())
    }

    fn list(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.out.push('[');
        let mut empty = true;
        for (i, item) in value.try_iter()?.enumerate() {
            empty = false;
            self.separate(i, depth + 1);
            self.value(&item, depth + 1)?;
        }
        self.close(']', empty, depth);
        Ok(())
    }

    /// What stands before item `index` of a container whose items are at `depth`.
    fn separate(&mut self, index: usize, depth: usize) {
        if index > 0 {
            self.out.push_str(&self.item_separator);
        }
        self.new_line(depth);
    }

    fn close(&mut self, bracket: char, empty: bool, depth: usize) {
        if !empty {
            self.new_line(depth);
        }
        self.out.push(bracket);
    }

    fn new_line(&mut self, depth: usize) {
        if let Some(indent) = &self.indent {
            self.out.push('\n');
            (0..depth).for_each(|_| self.out.push_str(indent));
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                c if c < ' ' || (self.ensure_ascii && !c.is_ascii()) || (self.ensure_ascii && c == '\u{7f}') => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        self.out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}

//! Lines with cells and indentation, aligned at the end.
//!
//! Upstream: kubectl/pkg/describe/describe.go, PrefixWriter and the print…Multiline helpers.

use crate::base::human::age;
use crate::base::tabwriter;
use crate::base::time::Time;
use crate::base::value::Value;

/// Collects a description.
#[derive(Default)]
pub(crate) struct Writer {
    text: String,
}

/// Longer annotations are put on lines of their own.
const MAX_ANNOTATION: usize = 140;

impl Writer {
    /// A line at a level of indentation; tabs separate cells.
    pub(crate) fn line(&mut self, level: usize, text: &str) {
        for _ in 0..level {
            self.text.push_str("  ");
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// `Title:` and a value in the next column.
    pub(crate) fn field(&mut self, level: usize, title: &str, value: &str) {
        self.line(level, &format!("{title}:\t{value}"));
    }

    /// Text as it is.
    pub(crate) fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// `Labels:` and one `key=value` to a line.
    pub(crate) fn labels(&mut self, title: &str, labels: &Value) {
        let pairs: Vec<String> =
            labels.entries().map(|(k, v)| format!("{k}={}", v.text())).collect();
        self.column(title, "", &pairs);
    }

    /// A title with one value to a line, `<none>` without any; `indent` begins each line.
    pub(crate) fn column(&mut self, title: &str, indent: &str, values: &[String]) {
        self.text.push_str(&format!("{indent}{title}:\t"));
        if values.is_empty() {
            self.text.push_str("<none>\n");
        }
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.text.push_str(indent);
                self.text.push('\t');
            }
            self.text.push_str(value);
            self.text.push('\n');
        }
    }

    /// Annotations, but for the one of `apply`; long ones on lines of their own.
    pub(crate) fn annotations(&mut self, title: &str, annotations: &Value) {
        self.text.push_str(&format!("{title}:\t"));
        let mut first = true;
        for (key, value) in annotations.entries() {
            if key.as_str() == "kubectl.kubernetes.io/last-applied-configuration" {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.text.push('\t');
            }
            let value = value.text().strip_suffix('\n').unwrap_or(value.text());
            if value.len() + key.len() + 2 > MAX_ANNOTATION || value.contains('\n') {
                self.text.push_str(&format!("{key}:\n"));
                for line in value.split('\n') {
                    self.text.push_str(&format!("\t  {}\n", shorten(line, MAX_ANNOTATION - 2)));
                }
            } else {
                self.text.push_str(&format!("{key}: {value}\n"));
            }
        }
        if first {
            self.text.push_str("<none>\n");
        }
    }

    /// Upstream: describe.go, DescribeEvents.
    pub(crate) fn events(&mut self, events: &[Value], now: Time) {
        if events.is_empty() {
            self.line(0, "Events:\t<none>");
            return;
        }
        self.line(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage");
        self.line(1, "----\t------\t----\t----\t-------");
        for event in events {
            let component = event.at(&["source", "component"]).text();
            let source = if component.is_empty() {
                event.get("reportingComponent").text()
            } else {
                component
            };
            let path = event.at(&["involvedObject", "fieldPath"]).text();
            let message = event.get("message").text().trim();
            let message =
                if path.is_empty() { message.to_owned() } else { format!("{path}: {message}") };
            self.line(
                1,
                &format!(
                    "{}\t{}\t{}\t{source}\t{message}",
                    event.get("type").text(),
                    event.get("reason").text(),
                    interval(event, now)
                ),
            );
        }
    }

    /// The aligned text.
    pub(crate) fn finish(self) -> String {
        tabwriter::align(tabwriter::DESCRIBE, &self.text)
    }

    /// The text with its tabs.
    pub(crate) fn raw(self) -> String {
        self.text
    }
}

fn shorten(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = (0..=max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}...", &text[..end])
}

fn interval(event: &Value, now: Time) -> String {
    let since = |value: &Value| age(value.text(), now);
    let own = event.get("eventTime");
    let first = if own.is_null() { since(event.get("firstTimestamp")) } else { since(own) };
    let series = event.get("series");
    if !series.is_null() {
        let count = series.get("count").as_i64().unwrap_or(0);
        return format!("{} (x{count} over {first})", since(series.get("lastObservedTime")));
    }
    match event.get("count").as_i64() {
        Some(count) if count > 1 => {
            format!("{} (x{count} over {first})", since(event.get("lastTimestamp")))
        }
        _ => first,
    }
}

/// A time stamp as Go's RFC 1123 with a numeric zone: `Sun, 22 Nov 2026 08:39:58 +0000`.
pub(crate) fn date(stamp: &Value) -> String {
    match Time::parse(stamp.text()) {
        Some(time) => time.format("%a, %d %b %Y %H:%M:%S +0000"),
        None => "Mon, 01 Jan 0001 00:00:00 +0000".to_owned(),
    }
}

/// `a=b,c=d`, or `<none>`.
pub(crate) fn format_labels(labels: &Value) -> String {
    let pairs: Vec<_> = labels.entries().map(|(k, v)| format!("{k}={}", v.text())).collect();
    if pairs.is_empty() { "<none>".to_owned() } else { pairs.join(",") }
}

/// The text, or `<none>`.
pub(crate) fn or_none(text: &str) -> &str {
    if text.is_empty() { "<none>" } else { text }
}

/// A number as text, 0 when absent.
pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

/// A list of texts as Go prints it: `[a b]`.
pub(crate) fn go_list(value: &Value) -> String {
    let words: Vec<_> = value.as_array().iter().map(Value::text).collect();
    format!("[{}]", words.join(" "))
}

/// `RWO,ROX`. Upstream: kubectl/pkg/util/storage/storage.go.
pub(crate) fn access_modes(modes: &Value) -> String {
    let order = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let has = |name: &str| modes.as_array().iter().any(|m| m.text() == name);
    let shown: Vec<_> =
        order.iter().filter(|(name, _)| has(name)).map(|(_, short)| *short).collect();
    shown.join(",")
}

//! What names, label keys, ports and the like may look like, and upstream's words when they do not.
//!
//! Each check returns the faults, none for a good value.
//! Upstream: staging/src/k8s.io/apimachinery/pkg/api/validate/content and pkg/util/validation/validation.go.

const LABEL_FMT: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_MSG: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN_FMT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const SUBDOMAIN_MSG: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL_1035_FMT: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const LABEL_1035_MSG: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const KEY_FMT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const KEY_MSG: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const VALUE_FMT: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const VALUE_MSG: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const ENV_FMT: &str = "[-._a-zA-Z][-._a-zA-Z0-9]*";
const ENV_MSG: &str = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit";
const CONFIG_KEY_FMT: &str = "[-._a-zA-Z0-9]+";
const CONFIG_KEY_MSG: &str =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
const HEADER_FMT: &str = "[-A-Za-z0-9]+";
const HEADER_MSG: &str = "a valid HTTP header must consist of alphanumeric characters or '-'";
const PERCENT_FMT: &str = "[0-9]+%";
const PERCENT_MSG: &str =
    "a valid percent string must be a numeric string followed by an ending '%'";
const C_IDENTIFIER_FMT: &str = "[A-Za-z_][A-Za-z0-9_]*";
const C_IDENTIFIER_MSG: &str = "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";

/// The longest name of an object.
pub const SUBDOMAIN_MAX: usize = 253;
/// The longest label of a domain name, label value or label key without its prefix.
pub const LABEL_MAX: usize = 63;

/// `must be no more than N characters`.
pub fn max_len(length: usize) -> String {
    format!("must be no more than {length} characters")
}

fn max_bytes(length: usize) -> String {
    format!("must be no more than {length} bytes")
}

/// `must be between LOW and HIGH, inclusive`.
pub fn range(low: i64, high: i64) -> String {
    format!("must be between {low} and {high}, inclusive")
}

/// The message of a value that its pattern refuses, with examples.
pub fn regex(message: &str, pattern: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|e| format!("'{e}', ")).collect();
    if examples.is_empty() {
        return format!("{message} (regex used for validation is '{pattern}')");
    }
    format!("{message} (e.g. {}regex used for validation is '{pattern}')", examples.join(" or "))
}

/// Whether the text begins and ends with `edge` characters and has `inner` ones between.
fn framed(text: &str, edge: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    match text.as_bytes() {
        [] => false,
        [one] => edge(*one),
        [first, middle @ .., last] => {
            edge(*first) && edge(*last) && middle.iter().all(|b| inner(*b))
        }
    }
}

fn lower_alphanumeric(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

fn lower_alphanumeric_dash(b: u8) -> bool {
    lower_alphanumeric(b) || b == b'-'
}

fn alphanumeric(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

fn name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-_.".contains(&b)
}

fn is_label(text: &str) -> bool {
    framed(text, lower_alphanumeric, lower_alphanumeric_dash)
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// A label of a domain name, RFC 1123: names of namespaces and containers.
pub fn dns_label(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.len() > LABEL_MAX {
        faults.push(max_len(LABEL_MAX));
    }
    if !is_label(text) {
        faults.push(if is_subdomain(text) {
            "must not contain dots".to_owned()
        } else {
            regex(LABEL_MSG, LABEL_FMT, &["my-name", "123-abc"])
        });
    }
    faults
}

/// A domain name, RFC 1123: names of most objects.
pub fn dns_subdomain(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.len() > SUBDOMAIN_MAX {
        faults.push(max_len(SUBDOMAIN_MAX));
    }
    if !is_subdomain(text) {
        faults.push(regex(SUBDOMAIN_MSG, SUBDOMAIN_FMT, &["example.com"]));
    }
    faults
}

/// A label of a domain name that begins with a letter, RFC 1035.
pub fn dns1035_label(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.len() > LABEL_MAX {
        faults.push(max_len(LABEL_MAX));
    }
    if !is_label(text) || !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        faults.push(regex(LABEL_1035_MSG, LABEL_1035_FMT, &["my-name", "abc-123"]));
    }
    faults
}

/// Checks a name that becomes a part of a path.
/// Upstream: staging/src/k8s.io/apimachinery/pkg/api/validate/content/path.go, IsPathSegmentName.
pub fn path_segment(text: &str) -> Vec<String> {
    if matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    let has = |part: &&&str| text.contains(**part);
    ["/", "%"].iter().filter(has).map(|part| format!("may not contain '{part}'")).collect()
}

/// The key of a label or annotation, also called a qualified name.
pub fn label_key(text: &str) -> Vec<String> {
    let words = || regex(KEY_MSG, KEY_FMT, &["MyName", "my.name", "123-abc"]);
    let mut faults = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                faults.push("prefix part must be non-empty".to_owned());
            } else {
                if prefix.len() > SUBDOMAIN_MAX {
                    faults.push(format!("prefix part {}", max_bytes(SUBDOMAIN_MAX)));
                }
                if !is_subdomain(prefix) {
                    let words = regex(SUBDOMAIN_MSG, SUBDOMAIN_FMT, &["example.com"]);
                    faults.push(format!("prefix part {words}"));
                }
            }
            *name
        }
        _ => {
            return vec![format!(
                "a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                words()
            )];
        }
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX {
        faults.push(format!("name part {}", max_bytes(LABEL_MAX)));
    }
    if !framed(name, alphanumeric, name_byte) {
        faults.push(format!("name part {}", words()));
    }
    faults
}

/// The value of a label.
pub fn label_value(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.len() > LABEL_MAX {
        faults.push(max_bytes(LABEL_MAX));
    }
    if !text.is_empty() && !framed(text, alphanumeric, name_byte) {
        faults.push(regex(VALUE_MSG, VALUE_FMT, &["MyValue", "my_value", "12345"]));
    }
    faults
}

/// The number of a port.
pub fn port_number(port: i64) -> Vec<String> {
    if (1..=65535).contains(&port) { Vec::new() } else { vec![range(1, 65535)] }
}

/// The name of a port.
pub fn port_name(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.len() > 15 {
        faults.push(max_len(15));
    }
    if text.is_empty() || !text.bytes().all(lower_alphanumeric_dash) {
        faults.push(
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned(),
        );
    }
    if !text.bytes().any(|b| b.is_ascii_lowercase()) {
        faults.push("must contain at least one letter (a-z)".to_owned());
    }
    if text.contains("--") {
        faults.push("must not contain consecutive hyphens".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        faults.push("must not begin or end with a hyphen".to_owned());
    }
    faults
}

/// A percentage such as `25%`.
pub fn percent(text: &str) -> Vec<String> {
    let good = text
        .strip_suffix('%')
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if good { Vec::new() } else { vec![regex(PERCENT_MSG, PERCENT_FMT, &["1%", "93%"])] }
}

/// The name of an HTTP header.
pub fn http_header(text: &str) -> Vec<String> {
    let good = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if good { Vec::new() } else { vec![regex(HEADER_MSG, HEADER_FMT, &["X-Header-Name"])] }
}

/// The name of an environment variable as `kubectl set env` takes it.
pub fn env_name(text: &str) -> Vec<String> {
    let good = !text.is_empty()
        && text.bytes().all(name_byte)
        && !text.starts_with(|c: char| c.is_ascii_digit());
    let mut faults = Vec::new();
    if !good {
        faults.push(regex(ENV_MSG, ENV_FMT, &["my.env-name", "MY_ENV.NAME", "MyEnvName1"]));
    }
    faults.extend(parent_dir(text));
    faults
}

/// The name of an environment variable as the API takes it.
pub fn relaxed_env_name(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.is_empty() {
        faults.push("environment variable name must be non-empty".to_owned());
    }
    if !text.chars().all(|c| matches!(c, ' '..='~') && c != '=') {
        faults.push("a valid environment variable name must consist only of printable ASCII characters other than '='".to_owned());
    }
    faults
}

/// A key of a ConfigMap or Secret.
pub fn config_key(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.len() > SUBDOMAIN_MAX {
        faults.push(max_len(SUBDOMAIN_MAX));
    }
    if text.is_empty() || !text.bytes().all(name_byte) {
        faults.push(regex(CONFIG_KEY_MSG, CONFIG_KEY_FMT, &["key.name", "KEY_NAME", "key-name"]));
    }
    faults.extend(parent_dir(text));
    faults
}

/// An identifier of the C language.
pub fn c_identifier(text: &str) -> Vec<String> {
    let good = !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if good {
        Vec::new()
    } else {
        vec![regex(C_IDENTIFIER_MSG, C_IDENTIFIER_FMT, &["my_name", "MY_NAME", "MyName"])]
    }
}

/// A user or group number.
pub fn user_id(id: i64) -> Vec<String> {
    let max = i64::from(i32::MAX);
    if (0..=max).contains(&id) { Vec::new() } else { vec![range(0, max)] }
}

fn parent_dir(text: &str) -> Option<String> {
    match text {
        "." => Some("must not be '.'".to_owned()),
        ".." => Some("must not be '..'".to_owned()),
        _ if text.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}

/// A name that is a prefix for generated ones: a trailing dash stands for what is to come.
/// Upstream: staging/src/k8s.io/apimachinery/pkg/api/validation/generic.go, maskTrailingDash.
pub fn mask_trailing_dash(text: &str) -> String {
    match text.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let kept = rest.char_indices().next_back().map_or(0, |(at, _)| at);
            format!("{}a", &rest[..kept])
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_names() {
        assert!(dns_label("web-0").is_empty());
        assert_eq!(dns_label("a.b"), ["must not contain dots"]);
        assert_eq!(
            dns_label("NGINX"),
            [
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            ]
        );
        assert!(dns_subdomain("a.b-c").is_empty());
        assert_eq!(dns_subdomain("a..b").len(), 1);
        assert!(label_key("app.kubernetes.io/name").is_empty());
        assert_eq!(label_key("bad key!").len(), 1);
        assert_eq!(label_key("/x"), ["prefix part must be non-empty"]);
        assert!(label_value("").is_empty());
        assert_eq!(port_name("waytoolongportname"), ["must be no more than 15 characters"]);
        assert_eq!(env_name("1A").len(), 1);
        assert!(relaxed_env_name("1 A").is_empty());
    }
}

//! History expansion: `!!`, `!$`, `!12`, `!kub`.

/// Replaces history events in a line.
///
/// # Errors
/// The event that there is not.
pub(super) fn expand_history(line: &str, history: &[String]) -> Result<String, String> {
    let mut text = String::new();
    let mut chars = line.chars().peekable();
    let (mut single, mut double) = (false, false);
    while let Some(c) = chars.next() {
        match c {
            '\\' if !single => {
                text.push(c);
                text.extend(chars.next());
                continue;
            }
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            '!' if !single => {
                let next = chars.peek().copied();
                match next {
                    None | Some(' ' | '\t' | '\n' | '=' | '(' | '"' | '}') => {}
                    Some('!') => {
                        chars.next();
                        let last = history.last().ok_or("!!")?;
                        text.push_str(last);
                        continue;
                    }
                    Some('$') => {
                        chars.next();
                        let last = history.last().ok_or("!$")?;
                        text.push_str(last.split_whitespace().next_back().unwrap_or_default());
                        continue;
                    }
                    Some(_)
                        if text.ends_with('$') || text.ends_with("${") || text.ends_with('[') => {}
                    Some(_) => {
                        let mut event = String::new();
                        while let Some(c) =
                            chars.next_if(|c| !c.is_whitespace() && !"\"';&|()<>:".contains(*c))
                        {
                            event.push(c);
                        }
                        let found = match event.parse::<i64>() {
                            Ok(n) if n > 0 => history.get(n as usize - 1),
                            Ok(n) => history
                                .len()
                                .checked_sub(n.unsigned_abs() as usize)
                                .and_then(|i| history.get(i)),
                            Err(_) => history.iter().rev().find(|entry| entry.starts_with(&event)),
                        };
                        text.push_str(found.ok_or(format!("!{event}"))?);
                        continue;
                    }
                }
            }
            _ => {}
        }
        text.push(c);
    }
    Ok(text)
}

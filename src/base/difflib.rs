//! Unified diffs as Python's `difflib` makes them, which Kubernetes prints in some messages.
//!
//! Upstream: vendor/github.com/pmezard/go-difflib/difflib.

use crate::base::ordered::{OrdMap, OrdSet};
use std::fmt::Write;

/// A stretch of equal lines: where it begins on both sides, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Match {
    a: usize,
    b: usize,
    size: usize,
}

/// A stretch of both sides that is equal or not.
#[derive(Clone, Copy, Debug)]
struct Step {
    equal: bool,
    a: (usize, usize),
    b: (usize, usize),
}

struct Matcher<'a> {
    a: &'a [&'a str],
    b: &'a [&'a str],
    /// Where each line stands in `b`; lines that stand nearly everywhere are left out.
    places: OrdMap<&'a str, Vec<usize>>,
}

impl<'a> Matcher<'a> {
    fn new(a: &'a [&'a str], b: &'a [&'a str]) -> Matcher<'a> {
        let mut places: OrdMap<&str, Vec<usize>> = OrdMap::new();
        for (at, line) in b.iter().enumerate() {
            places.entry(line).or_default().push(at);
        }
        if b.len() >= 200 {
            let many = b.len() / 100 + 1;
            places.retain(|_, at| at.len() <= many);
        }
        Matcher { a, b, places }
    }

    /// The longest equal stretch within the bounds, the first one if there are several.
    fn longest(&self, a: (usize, usize), b: (usize, usize)) -> Match {
        let mut best = Match { a: a.0, b: b.0, size: 0 };
        let mut lengths: OrdMap<usize, usize> = OrdMap::new();
        for i in a.0..a.1 {
            let mut next = OrdMap::new();
            for &j in self.places.get(self.a[i]).map_or(&[][..], Vec::as_slice) {
                if j < b.0 {
                    continue;
                }
                if j >= b.1 {
                    break;
                }
                let before = if j == 0 { 0 } else { lengths.get(&(j - 1)).copied().unwrap_or(0) };
                let size = before + 1;
                next.insert(j, size);
                if size > best.size {
                    best = Match { a: i + 1 - size, b: j + 1 - size, size };
                }
            }
            lengths = next;
        }
        while best.a > a.0 && best.b > b.0 && self.a[best.a - 1] == self.b[best.b - 1] {
            best = Match { a: best.a - 1, b: best.b - 1, size: best.size + 1 };
        }
        while best.a + best.size < a.1
            && best.b + best.size < b.1
            && self.a[best.a + best.size] == self.b[best.b + best.size]
        {
            best.size += 1;
        }
        best
    }

    fn matches(&self) -> Vec<Match> {
        let mut todo = vec![((0, self.a.len()), (0, self.b.len()))];
        let mut found = OrdSet::new();
        while let Some((a, b)) = todo.pop() {
            let best = self.longest(a, b);
            if best.size > 0 {
                found.insert((best.a, best.b, best.size));
                todo.push(((a.0, best.a), (b.0, best.b)));
                todo.push(((best.a + best.size, a.1), (best.b + best.size, b.1)));
            }
        }
        let mut joined: Vec<Match> = Vec::new();
        for (a, b, size) in found {
            match joined.last_mut() {
                Some(last) if last.a + last.size == a && last.b + last.size == b => {
                    last.size += size;
                }
                _ => joined.push(Match { a, b, size }),
            }
        }
        joined
    }

    fn steps(&self) -> Vec<Step> {
        let (mut i, mut j) = (0, 0);
        let mut steps = Vec::new();
        let end = Match { a: self.a.len(), b: self.b.len(), size: 0 };
        for found in self.matches().into_iter().chain([end]) {
            if i < found.a || j < found.b {
                steps.push(Step { equal: false, a: (i, found.a), b: (j, found.b) });
            }
            (i, j) = (found.a + found.size, found.b + found.size);
            if found.size > 0 {
                steps.push(Step { equal: true, a: (found.a, i), b: (found.b, j) });
            }
        }
        steps
    }
}

/// The changes with `context` equal lines around them, in groups that do not touch.
fn groups(steps: Vec<Step>, context: usize) -> Vec<Vec<Step>> {
    let mut steps = steps;
    if let Some(first) = steps.first_mut()
        && first.equal
    {
        first.a.0 = first.a.0.max(first.a.1.saturating_sub(context));
        first.b.0 = first.b.0.max(first.b.1.saturating_sub(context));
    }
    if let Some(last) = steps.last_mut()
        && last.equal
    {
        last.a.1 = last.a.1.min(last.a.0 + context);
        last.b.1 = last.b.1.min(last.b.0 + context);
    }
    let mut all = Vec::new();
    let mut group: Vec<Step> = Vec::new();
    for step in steps {
        let mut step = step;
        if step.equal && step.a.1 - step.a.0 > 2 * context {
            let head = Step {
                equal: true,
                a: (step.a.0, step.a.1.min(step.a.0 + context)),
                b: (step.b.0, step.b.1.min(step.b.0 + context)),
            };
            group.push(head);
            all.push(std::mem::take(&mut group));
            step.a.0 = step.a.0.max(step.a.1 - context);
            step.b.0 = step.b.0.max(step.b.1 - context);
        }
        group.push(step);
    }
    all.push(group);
    all.retain(|group| group.iter().any(|step| !step.equal));
    all
}

/// A range of lines as a hunk's head names it.
fn range((start, stop): (usize, usize)) -> String {
    match stop - start {
        1 => (start + 1).to_string(),
        0 => format!("{start},0"),
        length => format!("{},{length}", start + 1),
    }
}

/// The unified diff of two texts with three lines of context and without file names.
pub fn unified(from: &str, to: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (from.split('\n').collect(), to.split('\n').collect());
    let mut out = String::new();
    for group in groups(Matcher::new(&a, &b).steps(), 3) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let (old, new) = (range((first.a.0, last.a.1)), range((first.b.0, last.b.1)));
        let _ = writeln!(out, "@@ -{old} +{new} @@");
        for step in &group {
            if step.equal {
                for line in &a[step.a.0..step.a.1] {
                    let _ = writeln!(out, " {line}");
                }
                continue;
            }
            for line in &a[step.a.0..step.a.1] {
                let _ = writeln!(out, "-{line}");
            }
            for line in &b[step.b.0..step.b.1] {
                let _ = writeln!(out, "+{line}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_with_their_surroundings() {
        let from = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12";
        let to = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n13";
        assert_eq!(
            unified(from, to),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n@@ -10,3 +10,4 @@\n 10\n 11\n 12\n+13\n"
        );
        assert_eq!(unified("a", "a"), "");
    }
}

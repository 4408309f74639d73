//! Growing pauses between attempts that fail.
//! Upstream: staging/src/k8s.io/client-go/util/flowcontrol/backoff.go (without jitter, as kubelets use it).

use crate::base::ordered::OrdMap;

use crate::base::time::{Span, Time};
use crate::base::value::Str;

/// First pause, for restarts and for image pulls.
pub(super) const INITIAL: Span = Span::seconds(10);
/// Longest pause.
pub(super) const LONGEST: Span = Span::seconds(300);

/// The pauses of one pod, by container or image.
#[derive(Clone, Debug, Default)]
pub(super) struct Backoff {
    entries: OrdMap<Str, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    pause: Span,
    updated: Time,
}

impl Entry {
    /// Whether things went well for so long that counting starts anew.
    fn expired(&self, event: Time) -> bool {
        event - self.updated > LONGEST * 2
    }
}

impl Backoff {
    /// Notes an attempt after something that happened at `event`.
    pub(super) fn next(&mut self, key: &str, event: Time, now: Time) {
        let pause = match self.entries.get(key) {
            Some(entry) if !entry.expired(event) => (entry.pause * 2).min(LONGEST),
            _ => INITIAL,
        };
        self.entries.insert(Str::from(key), Entry { pause, updated: now });
    }

    /// The pause that holds for something that happened at `event`, while it lasts.
    pub(super) fn since(&self, key: &str, event: Time, now: Time) -> Option<Span> {
        let entry = self.entries.get(key)?;
        (!entry.expired(event) && now - event < entry.pause).then_some(entry.pause)
    }

    /// Whether the last attempt is so short ago that the next has to wait.
    pub(super) fn since_update(&self, key: &str, now: Time) -> bool {
        self.entries.get(key).is_some_and(|e| !e.expired(now) && now - e.updated < e.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes_and_start_anew_after_ten_quiet_ones() {
        let mut backoff = Backoff::default();
        let mut now = Time::START;
        let mut pauses = Vec::new();
        for _ in 0..7 {
            backoff.next("c", now, now);
            pauses.push(backoff.since("c", now, now).unwrap_or_default().whole_seconds());
            now += Span::seconds(400);
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 300, 300]);
        now += Span::seconds(601);
        assert_eq!(backoff.since("c", now, now), None);
        backoff.next("c", now, now);
        assert_eq!(backoff.since("c", now, now), Some(INITIAL));
    }
}

//! Simulated time: the ordered event queue.

use crate::base::ordered::OrdMap;

use crate::base::time::Time;

/// Events ordered by time, and among equals by the order in which they were queued.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    events: OrdMap<(Time, u64), E>,
    sequence: u64,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Queue { events: OrdMap::new(), sequence: 0 }
    }
}

impl<E> Queue<E> {
    /// Queues an event.
    pub fn push(&mut self, at: Time, event: E) {
        self.sequence += 1;
        self.events.insert((at, self.sequence), event);
    }

    /// When the next event is due.
    pub fn next_time(&self) -> Option<Time> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next event if it is due at or before `limit`.
    pub fn pop_until(&mut self, limit: Time) -> Option<(Time, E)> {
        if self.next_time()? > limit {
            return None;
        }
        self.events.pop_first().map(|((at, _), event)| (at, event))
    }

    /// The queued events in order.
    pub fn iter(&self) -> impl Iterator<Item = (Time, &E)> {
        self.events.iter().map(|((at, _), event)| (*at, event))
    }

    /// The number of queued events.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing is queued.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

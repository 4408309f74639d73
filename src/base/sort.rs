//! Stable sorting, made to be small in the page: the standard library's costs about 5 kB for each type, this a few hundred bytes.

use std::cmp::Ordering;

/// Sorting in place, equal elements keeping their order.
pub trait InOrder<T> {
    /// Sorts by the elements' own order.
    fn order(&mut self)
    where
        T: Ord;

    /// Sorts by a comparison.
    fn order_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// Sorts by a key, which is computed anew for each comparison.
    fn order_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K);
}

impl<T> InOrder<T> for [T] {
    fn order(&mut self)
    where
        T: Ord,
    {
        self.order_by(T::cmp);
    }

    fn order_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let mut order: Vec<usize> = (0..self.len()).collect();
        sort_places(&mut order, &mut |a, b| compare(&self[a], &self[b]) == Ordering::Greater);
        permute(&mut order, &mut |a, b| self.swap(a, b));
    }

    fn order_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.order_by(|a, b| key(a).cmp(&key(b)));
    }
}

/// Up to this many places are sorted by insertion.
const FEW: usize = 8;

/// Sorts places by what lies there: a merge sort that knows no type.
fn sort_places(places: &mut [usize], greater: &mut dyn FnMut(usize, usize) -> bool) {
    if places.len() <= FEW {
        for end in 1..places.len() {
            let mut at = end;
            while at > 0 && greater(places[at - 1], places[at]) {
                places.swap(at - 1, at);
                at -= 1;
            }
        }
        return;
    }
    let middle = places.len() / 2;
    sort_places(&mut places[..middle], greater);
    sort_places(&mut places[middle..], greater);
    if !greater(places[middle - 1], places[middle]) {
        return;
    }
    let left = places[..middle].to_vec();
    let (mut from, mut right) = (0, middle);
    for at in 0..places.len() {
        if from == left.len() {
            return;
        }
        let takes_right = right < places.len() && greater(left[from], places[right]);
        let next = if takes_right { &mut right } else { &mut from };
        let taken = *next;
        *next += 1;
        places[at] = if takes_right { places[taken] } else { left[taken] };
    }
}

/// Brings what lies at `order[n]` to place `n`, by swaps.
fn permute(order: &mut [usize], swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..order.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut order[at], at);
            if from == start || from == at {
                break;
            }
            swap(at, from);
            at = from;
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_types, clippy::disallowed_methods)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let mut draw = Rng { seed: 3 }.named("sort", "test", 0);
        for round in 0..400 {
            let len = draw.range(0, if round % 10 == 0 { 500 } else { 20 });
            let list: Vec<(i64, i64)> = (0..len).map(|n| (draw.range(0, 30), n)).collect();
            let (mut ours, mut theirs) = (list.clone(), list);
            ours.order_by_key(|(key, _)| *key);
            theirs.sort_by_key(|(key, _)| *key);
            assert_eq!(ours, theirs);
            ours.order_by(|a, b| b.1.cmp(&a.1));
            assert!(ours.windows(2).all(|pair| pair[0].1 > pair[1].1));
            ours.order();
            theirs.sort_unstable();
            assert_eq!(ours, theirs);
        }
    }
}

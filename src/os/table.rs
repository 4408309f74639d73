//! A table of rows by number whose copy costs nothing until one side writes.

use crate::base::ordered::OrdMap;
use std::rc::Rc;

/// Rows by number. A clone shares everything; a write copies the directory once and the row it touches.
#[derive(Clone)]
pub(super) struct Table<T> {
    rows: Rc<OrdMap<u32, Rc<T>>>,
    next: u32,
}

impl<T: Clone> Table<T> {
    /// An empty table whose first row gets the number `first`.
    pub(super) fn new(first: u32) -> Self {
        Table { rows: Rc::default(), next: first }
    }

    /// Adds a row and returns its number; numbers are never used again.
    pub(super) fn add(&mut self, row: T) -> u32 {
        let id = self.next;
        self.next += 1;
        Rc::make_mut(&mut self.rows).insert(id, Rc::new(row));
        id
    }

    /// The number that the next row will get.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    pub(super) fn get(&self, id: u32) -> Option<&T> {
        self.rows.get(&id).map(Rc::as_ref)
    }

    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        if !self.rows.contains_key(&id) {
            return None;
        }
        Rc::make_mut(&mut self.rows).get_mut(&id).map(Rc::make_mut)
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, id: u32) -> Option<T> {
        if !self.rows.contains_key(&id) {
            return None;
        }
        let row = Rc::make_mut(&mut self.rows).remove(&id)?;
        Some(Rc::try_unwrap(row).unwrap_or_else(|shared| (*shared).clone()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.rows.iter().map(|(id, row)| (*id, row.as_ref()))
    }
}

//! What is known of each serialisable type, found out once per process.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde::Deserialize;

use super::proof::Proofs;
use super::trace::{self, Reading};
use crate::codec::TypeShape;

/// What is known of one type.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) shape: TypeShape,
    pub(super) reading: Reading,
    pub(super) proofs: Proofs,
}

type Table = RwLock<HashMap<TypeId, Arc<Known>>>;

/// What is known of `T`; the first question traces it.
pub(super) fn of<T: Deserialize<'static> + 'static>() -> Arc<Known> {
    static TABLE: OnceLock<Table> = OnceLock::new();
    let table = TABLE.get_or_init(Table::default);
    let id = TypeId::of::<T>();
    if let Some(known) = table.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
        return Arc::clone(known);
    }
    // Traced without the lock held: the type's own code runs. Two threads that trace at once find the same.
    let traced = trace::trace::<T>();
    let known = Known { shape: traced.shape, reading: traced.reading, proofs: Proofs::default() };
    let mut table = table.write().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(table.entry(id).or_insert_with(|| Arc::new(known)))
}

//! Does something for each of many things, on several threads where there are threads.

/// Calls `work` for each item, in any order; the first error in the order of the items is what comes back.
///
/// # Errors
/// Whatever `work` fails with.
pub fn each<T: Sync, E: Send>(threads: usize, items: &[T], work: impl Fn(&T) -> Result<(), E> + Sync) -> Result<(), E> {
    let threads = wanted(threads).min(items.len());
    if threads < 2 {
        return items.iter().try_for_each(work);
    }
    on_threads(threads, items, &work)
}

#[cfg(not(feature = "host"))]
fn wanted(_threads: usize) -> usize {
    1
}

#[cfg(feature = "host")]
fn wanted(threads: usize) -> usize {
    if threads == 0 { std::thread::available_parallelism().map_or(1, std::num::NonZero::get) } else { threads }
}

#[cfg(not(feature = "host"))]
fn on_threads<T, E>(_: usize, items: &[T], work: &dyn Fn(&T) -> Result<(), E>) -> Result<(), E> {
    items.iter().try_for_each(work)
}

#[cfg(feature = "host")]
fn on_threads<T: Sync, E: Send>(
    threads: usize,
    items: &[T],
    work: &(impl Fn(&T) -> Result<(), E> + Sync),
) -> Result<(), E> {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let next = AtomicUsize::new(0);
    let failure: Mutex<Option<(usize, E)>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(n) else { return };
                    if let Err(error) = work(item) {
                        // Nobody starts another item; those under way end.
                        next.store(items.len(), Ordering::Relaxed);
                        let mut first = failure.lock().expect("no work panics");
                        if first.as_ref().is_none_or(|(earlier, _)| n < *earlier) {
                            *first = Some((n, error));
                        }
                    }
                }
            });
        }
    });
    failure.into_inner().expect("no work panics").map_or(Ok(()), |(_, error)| Err(error))
}

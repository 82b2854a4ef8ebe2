//! Does something for each of many things, on several threads where there are threads.

/// Calls `work` for each item, in any order; the first error in the order of the items is what comes back. Each thread has
/// something of its own, which `begin` makes and `end` takes, unless something failed.
///
/// # Errors
/// Whatever `work` fails with.
pub fn each<T: Sync, W, E: Send>(
    threads: usize,
    items: &[T],
    begin: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, &T) -> Result<(), E> + Sync,
    end: impl Fn(W) + Sync,
) -> Result<(), E> {
    #[cfg(feature = "host")]
    {
        let threads = wanted(threads).min(items.len());
        if threads > 1 {
            return on_threads(threads, items, &begin, &work, &end);
        }
    }
    #[cfg(not(feature = "host"))]
    let _ = threads;
    let mut own = begin();
    items.iter().try_for_each(|item| work(&mut own, item))?;
    end(own);
    Ok(())
}

#[cfg(feature = "host")]
fn wanted(threads: usize) -> usize {
    if threads == 0 { std::thread::available_parallelism().map_or(1, std::num::NonZero::get) } else { threads }
}

#[cfg(feature = "host")]
fn on_threads<T: Sync, W, E: Send>(
    threads: usize,
    items: &[T],
    begin: &(impl Fn() -> W + Sync),
    work: &(impl Fn(&mut W, &T) -> Result<(), E> + Sync),
    end: &(impl Fn(W) + Sync),
) -> Result<(), E> {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let next = AtomicUsize::new(0);
    let failure: Mutex<Option<(usize, E)>> = Mutex::new(None);
    let one = || {
        let mut own = begin();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(n) else { break };
            if let Err(error) = work(&mut own, item) {
                // Nobody starts another item; those under way end.
                next.store(items.len(), Ordering::Relaxed);
                let mut first = failure.lock().expect("no work panics");
                if first.as_ref().is_none_or(|(earlier, _)| n < *earlier) {
                    *first = Some((n, error));
                }
                return;
            }
        }
        end(own);
    };
    std::thread::scope(|scope| {
        (1..threads).for_each(|_| drop(scope.spawn(one)));
        // The thread that asks is one of them.
        one();
    });
    failure.into_inner().expect("no work panics").map_or(Ok(()), |(_, error)| Err(error))
}

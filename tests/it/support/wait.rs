//! Waiting for something to become true.

use core::time::Duration;

use tokio::time::{Instant, sleep};

/// How long anything may take before the test has failed: far above what a busy machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks again and again until `look` finds something; nothing when patience ends.
pub(crate) async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(found) = look().await {
            return Some(found);
        }
        sleep(PAUSE).await;
    }
    None
}

/// How many worlds live at the same time: they mostly wait.
const ABREAST: usize = 4;

/// Runs one test for each item, a few at a time; all of them, whatever fails, and then says which.
pub(crate) async fn abreast<T: 'static>(items: Vec<T>, test: impl AsyncFn(T) + Clone + 'static) {
    let local = tokio::task::LocalSet::new();
    let mut waiting = items.into_iter();
    let mut failed = 0;
    let all = async {
        let mut going = tokio::task::JoinSet::new();
        loop {
            while going.len() < ABREAST {
                let Some(item) = waiting.next() else { break };
                let test = test.clone();
                going.spawn_local(async move { test(item).await });
            }
            match going.join_next().await {
                Some(Ok(())) => {}
                Some(Err(_)) => failed += 1,
                None => break,
            }
        }
    };
    local.run_until(all).await;
    assert_eq!(failed, 0, "so many failed, see above");
}

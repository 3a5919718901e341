//! What systemd is told (`sd_notify(3)`), where it is the one who started the server.

use std::time::Duration;

use sd_notify::NotifyState;

/// The server accepts requests.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The server takes its configuration over, or hands itself over; [`ready`] says that this is done.
pub(super) fn reloading() {
    let since = NotifyState::monotonic_usec_now().ok();
    let states: Vec<_> = std::iter::once(NotifyState::Reloading).chain(since).collect();
    tell(&states);
}

/// The server finishes what has begun, and ends.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Another process serves in place of this one.
pub(super) fn replaced_by(process: u32) {
    // In one message: this process may say nothing more after that.
    tell(&[NotifyState::MainPid(process), NotifyState::Ready]);
}

/// Says for as long as it is awaited that the runtime still turns, if somebody wants to know (`WatchdogSec=`). A store that
/// does not answer is no reason to be killed: readiness and metrics show that.
pub(super) async fn watchdog() {
    let Some(every) = sd_notify::watchdog_enabled() else { return };
    // Half of the time, as sd_watchdog_enabled(3) recommends.
    let mut turns = tokio::time::interval((every / 2).max(Duration::from_millis(1)));
    loop {
        turns.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager does not listen");
    }
}

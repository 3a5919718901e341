//! A certificate that was renewed while the server runs.

use std::sync::Arc;
use std::time::Duration;

use crate::net::tls::{Reloaded, Tls};

/// Looks for a new certificate every minute.
pub(super) async fn renew(tls: Arc<Tls>) {
    loop {
        tokio::time::sleep(EVERY).await;
        reload(&tls, false);
    }
}

/// Takes a new one over; says so, and if somebody asked also that there is none.
pub(super) fn reload(tls: &Tls, asked: bool) {
    match tls.reload() {
        Ok(Reloaded::New) => tracing::info!("using the new certificate"),
        Ok(Reloaded::Same) if asked => tracing::info!("the certificate files have not changed"),
        Ok(Reloaded::Same) => {}
        Err(error) => {
            tracing::error!("the new certificate cannot be used, keeping the old one: {error:#}");
        }
    }
}

const EVERY: Duration = Duration::from_secs(60);

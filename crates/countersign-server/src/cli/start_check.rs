//! What a server needs of the machine when it starts: for `config check` and for `doctor`.

use std::io;
use std::net::SocketAddr;

use super::tool::block_on;
use crate::config::Config;
use crate::net::listen::Ports;
use crate::net::tls::Tls;

/// Whether the certificate files can be used, if there are any.
pub(super) fn certificate(config: &Config) -> anyhow::Result<()> {
    config.tls_files().map_or(Ok(()), |(certificate, key)| Tls::load(certificate, key).map(drop))
}

/// Whether an address is free. One in use is no fault: a server may run already.
pub(super) fn address(address: SocketAddr) -> anyhow::Result<bool> {
    let is_in_use = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
    match block_on(Ports::open(std::slice::from_ref(&address))) {
        Err(error) if error.downcast_ref().is_some_and(is_in_use) => Ok(false),
        opened => opened.map(|_| true),
    }
}

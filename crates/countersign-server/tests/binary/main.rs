//! The real binary, driven over loopback and its command line as an operator and a client would.

mod harness;

mod canary;
mod cli;
mod configuration;
mod development;
mod kill;
mod limits;
mod secrets;
mod shutdown;
mod tls;

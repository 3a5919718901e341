//! A real HTTP server on loopback, plain or with TLS, that answers each request with what a closure says.

#![expect(unreachable_pub, reason = "shared by the tests of several crates")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server that lives as long as the test.
pub struct Server {
    /// `http://127.0.0.1:port` or `https://localhost:port`.
    pub origin: String,
}

/// Answers a request, given as its head and its body, with the bytes of a whole response. It may block: each connection
/// has a thread of its own.
pub trait Answer: Fn(&str) -> Vec<u8> + Send + Sync + 'static {}
impl<F: Fn(&str) -> Vec<u8> + Send + Sync + 'static> Answer for F {}

impl Server {
    /// A server without TLS.
    pub fn plain(answer: impl Answer) -> Self {
        let address = listen(move |stream| converse(stream, &answer));
        Self { origin: format!("http://{address}") }
    }

    /// A server with this certificate, addressed as `localhost`.
    pub fn tls(certified: &CertifiedKey<KeyPair>, answer: impl Answer) -> Self {
        let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let address = listen(move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            converse(StreamOwned::new(connection, stream), &answer);
        });
        Self { origin: format!("https://localhost:{}", address.port()) }
    }
}

fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

/// One request and its answer; then the connection stays open until the client has gone.
fn converse(mut stream: impl Read + Write, answer: &impl Answer) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return, // the other side has gone, or does not trust us
        }
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    request.extend(body);
    let answer = answer(&String::from_utf8_lossy(&request));
    if stream.write_all(&answer).and_then(|()| stream.flush()).is_ok() {
        while stream.read(&mut byte).is_ok_and(|read| read > 0) {}
    }
}

/// 200 with this body, its length, and these header lines.
pub fn ok(headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// An answer without a body.
pub fn status(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\n\r\n").into_bytes()
}

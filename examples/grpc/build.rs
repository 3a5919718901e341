//! Makes the service and its client. A project with a `.proto` file has `tonic-prost-build` here, and `protoc`; the result
//! is the same.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let hello = Method::builder()
        .name("hello")
        .route_name("Hello")
        .input_type("crate::HelloRequest")
        .output_type("crate::HelloReply")
        .codec_path("tonic_prost::ProstCodec")
        .build();
    let greeter = Service::builder().name("Greeter").package("greeter").method(hello).build();
    Builder::new().compile(&[greeter]);
}

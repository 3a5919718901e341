//! countersign-jwt

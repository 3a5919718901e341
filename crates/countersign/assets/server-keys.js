// The server responds at this path with its own issuer, audience and JWK Set. Opened from a plain folder,
// the debugger has none.
export default null;

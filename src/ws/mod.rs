//! The live edge: WebSocket and SSE.

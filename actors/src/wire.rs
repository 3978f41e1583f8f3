//! The live protocol's frames as types: what clients may say, and what they are told. JSON Schema and AsyncAPI are made from these.

//! API objects: values, metadata, kinds with their defaulting and validation.

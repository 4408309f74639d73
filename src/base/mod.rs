//! Tools without knowledge of Kubernetes objects: time, randomness, text formats.

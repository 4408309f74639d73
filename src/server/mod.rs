//! The API server: storage with revisions, requests, admission, tables.

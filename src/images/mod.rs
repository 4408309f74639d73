//! Container images: one file each, one entry here.

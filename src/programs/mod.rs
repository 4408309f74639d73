//! The programs that machines have: one file each, one entry here.

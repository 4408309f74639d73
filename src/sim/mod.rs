//! Simulated time: the ordered event queue.

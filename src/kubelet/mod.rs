//! The kubelets: pods become containers, probes are run, statuses reported.

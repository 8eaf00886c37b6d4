"""What Docker workloads have in common, however they are written down."""

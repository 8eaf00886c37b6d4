"""Known faults of what workloads run on, by the versions that are there."""

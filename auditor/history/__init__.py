"""A history of runs: bundles that were verified, in a database, and what became of findings."""

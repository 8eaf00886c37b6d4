"""The live collector: a cluster's API server, read with get, list and self reviews."""

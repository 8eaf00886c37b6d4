"""Kubernetes: manifests now; live clusters are the next folder."""

"""Manifests in files, folders and streams, read as kubectl reads them."""

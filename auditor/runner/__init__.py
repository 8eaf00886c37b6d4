"""Collect and judge many targets: shards, workers, and the report that comes of them."""

"""Metrics of an API server, as it prints them."""

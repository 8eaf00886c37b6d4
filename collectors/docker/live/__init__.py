"""A Docker host that is asked over its Engine API."""

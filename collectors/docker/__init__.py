"""Docker hosts: the Engine API."""

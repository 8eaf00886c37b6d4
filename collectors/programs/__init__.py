"""Programs of others that are run: in a sandbox, within bounds, and what they say."""

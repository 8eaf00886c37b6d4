"""What the host beneath an engine says: files, processes, mounts; looked at, never changed."""

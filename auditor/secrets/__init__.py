"""What is a secret, and the marker that stands in its place."""

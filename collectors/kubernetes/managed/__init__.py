"""What providers of managed clusters tell of them, as their own programs print it."""

"""Effective rights: what bindings and roles let each subject do, and what comes of it."""

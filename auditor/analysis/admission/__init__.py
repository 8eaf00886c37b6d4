"""Admission policies and what binds them: which guard of a cluster holds, and where."""

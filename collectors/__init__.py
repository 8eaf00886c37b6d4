"""Collectors: the only code that does platform I/O. They look, and never judge."""

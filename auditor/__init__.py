"""Audits the configuration of AI infrastructure: what is true, decided from data."""

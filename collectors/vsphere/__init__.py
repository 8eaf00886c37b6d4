"""Reads vSphere."""

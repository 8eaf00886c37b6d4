"""Registers what every test may ask for."""

pytest_plugins = ["tests.engines.plugin"]

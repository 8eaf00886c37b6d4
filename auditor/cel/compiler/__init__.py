"""Expressions compiled to Python: :mod:`.generate` compiles, :mod:`.runtime` is what runs."""

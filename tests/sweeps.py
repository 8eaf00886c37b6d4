"""Sweeps in two sizes: a fixed part of one runs each time, the whole of it in the long run.

A sweep tries many values that chance or a product makes. What has a name of its own is none: it
is a case, and runs each time.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

LONG_PROFILE = 100
"""Examples of a property in the long run: see ``conftest.py``."""


def sweep(some: int, whole: int) -> pytest.MarkDecorator:
    """Give a test its ``size``: how many values it tries."""
    sizes = [
        pytest.param(some, id="some"),
        pytest.param(whole, id="whole", marks=pytest.mark.long),
    ]
    return pytest.mark.parametrize("size", sizes)


def examples(whole: int, some: int = 0) -> settings:
    """Give a property so many examples in the long run, and the part of the profile in others.

    ``some`` are as many as there are in others where each takes long.
    """
    part = settings.default.max_examples / LONG_PROFILE
    size = some if some and part < 1 else round(whole * part)
    return settings(max_examples=max(1, size), deadline=None)

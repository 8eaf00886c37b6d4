"""Help texts as docstrings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Command = TypeVar("Command", bound=Callable[..., object])


def prose(function: Command) -> Command:
    r"""Let a docstring say ``\b`` where click wants a backspace: it keeps the lines that follow."""
    function.__doc__ = (function.__doc__ or "").replace("\\b", "\b")
    return function

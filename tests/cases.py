"""One statement about many cases that a table or a folder has: one test for all of them.

Each id of a test costs some milliseconds, most of them for its bookkeeping. What somebody wrote
down by name is a case of its own; what a loop would make is a case here::

    def test_imports() -> None:
        every(FILES, imports_nothing)

    ExceptionGroup: 2 of 392: auditor/cel/a.py, auditor/cel/b.py (2 sub-exceptions)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import pytest

T = TypeVar("T")


def every(cases: Mapping[str, T], check: Callable[[T], object]) -> None:
    """Check every case, and fail with the names and the failures of those that are wrong."""
    assert cases, "there is no case"
    wrong: dict[str, BaseException] = {}
    for name, case in cases.items():
        try:
            check(case)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - others are checked too
            error.add_note(f"case: {name}")
            wrong[name] = error
    if wrong:
        said = f"{len(wrong)} of {len(cases)}: {', '.join(wrong)}"
        raise BaseExceptionGroup(said, list(wrong.values()))

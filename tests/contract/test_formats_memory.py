"""A report format holds no findings."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from auditor.cli.wiring import SHIPPED
from tests.contract.reports import FORMATS, SCREENS, Many, finding, report


@pytest.mark.parametrize(
    ("few", "many", "more"),
    [
        pytest.param(8, 24, 400 << 10, id="some"),
        pytest.param(50, 200, 1 << 20, id="whole", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("name", FORMATS)
def test_many_findings_need_no_memory(name: str, few: int, many: int, more: int) -> None:
    """Some four times as many findings: what is held of each would show."""
    some = tuple(finding(number) for number in range(50))

    def size(times: int) -> int:
        return sum(map(len, SHIPPED.formats[name](SCREENS[0])(report(Many(some, times)))))

    def peak(times: int) -> int:
        gc.collect()
        tracemalloc.start()
        assert size(times)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert size(1)
    assert peak(many) < peak(few) + more

"""The last look: every file of a bundle, whatever its size and form, for our own credentials."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import RenderError
from auditor.evidence.assembly import write_results
from auditor.evidence.blocks import BlockWriter
from auditor.evidence.leaks import refuse_leaks

OURS = "our token/4711 & <more>"
NOISE = b'{"a finding": "of no importance"},\n' * 400


def in_a_body(root: Path, data: bytes) -> None:
    (root / "bodies").mkdir()
    writer = BlockWriter(root / "bodies")
    writer.add(NOISE + data + NOISE)
    writer.flush()


def in_large_results(root: Path, data: bytes) -> None:
    write_results(root, [NOISE, data[:5], data[5:], NOISE], plain=1_000)
    assert (root / "results.json.zst").exists()


def in_results(root: Path, data: bytes) -> None:
    write_results(root, [NOISE, data, NOISE])


PLACES: dict[str, tuple[Callable[[Path, bytes], None], str]] = {
    "a body": (in_a_body, "bodies/"),
    "results": (in_results, "results.json "),
    "large results": (in_large_results, "results.json.zst "),
}


@pytest.mark.parametrize("piece", [1, 64, 1 << 20])
@pytest.mark.parametrize(("put", "says"), PLACES.values(), ids=PLACES.keys())
def test_wherever_it_stands(
    tmp_path: Path, put: Callable[[Path, bytes], None], says: str, piece: int
) -> None:
    put(tmp_path, OURS.encode())
    refuse_leaks(tmp_path, {"another one"}, piece)
    with pytest.raises(RenderError) as caught:
        refuse_leaks(tmp_path, {"another one", OURS}, piece)
    assert f"{caught.value.message} ".startswith(says)
    assert "would hold a credential of this run" in caught.value.message
    assert OURS not in caught.value.message + caught.value.hint

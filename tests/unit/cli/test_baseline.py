"""A baseline is what was verified, also when somebody writes into it meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from auditor.cli.baseline import known_in
from auditor.errors import IntegrityError
from tests.unit.evidence.bundles import Made, made

TRIES = 30


@contextmanager
def written_to(place: Path, other: bytes) -> Iterator[None]:
    """Something else stands in a file time and again."""
    own = place.read_bytes()
    done = Event()

    def write() -> None:
        beside = place.parent.parent / "beside"
        while not done.is_set():
            for data in (other, own):
                beside.write_bytes(data)
                os.replace(beside, place)  # noqa: PTH105 - as fast as can be
                done.wait(0.002)

    thread = Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def known(bundle: Made, scratch: Path) -> dict[str, tuple[str, str]]:
    key = bundle.root.parent / "key.pub"
    key.write_text(bundle.held.public.pem)
    scratch.mkdir()
    return known_in(bundle.root, key, None, scratch).findings


def test_it_is_read_once(tmp_path: Path) -> None:
    bundle = made(tmp_path / "made")
    right = known(bundle, tmp_path / "first")
    results = bundle.root / "results.json"
    other = results.read_bytes().replace(b'"severity":"low"', b'"severity":"critical"')
    assert other != results.read_bytes()
    seen = set()
    refused = []
    with written_to(results, other):
        for number in range(TRIES):
            try:
                seen.add(known(bundle, tmp_path / str(number)) == right)
            except IntegrityError as error:
                refused.append(error.message)
    assert seen <= {True}
    assert all("results.json" in message for message in refused)

"""Which addresses of executors are taken, and what is said of others before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.cli.executors.addresses import is_loopback, parse_address, rebased
from auditor.cli.executors.table import EXECUTORS, executor_of
from auditor.errors import UsageError

GOOD = {
    "dask://127.0.0.1:8786": ("127.0.0.1:8786", False),
    "dask://localhost": ("localhost:8786", False),
    "dask://[::1]:9/": ("[::1]:9", False),
    "dasks://scheduler.example": ("scheduler.example:8786", True),
    "dask://10.0.0.1:1?plain=accepted": ("10.0.0.1:1", False),
}


@pytest.mark.parametrize("text", GOOD)
def test_taken(text: str) -> None:
    found = parse_address(text)
    assert (found.place, found.tls) == GOOD[text]
    assert found.is_exposed == ("plain" in text)


BAD = {
    "dask://10.0.0.1:8786": "dask:// is not encrypted: whoever is in between runs code",
    "dask://scheduler.example": "scheduler.example is another machine",
    "dask://[fe80::1]:8786": "fe80::1 is another machine",
    "dask://10.0.0.1?plain=yes": "plain=yes is not an option",
    "dask://127.0.0.1?plain=no": "plain=no is not an option",
    "dask://10.0.0.1?plain=": "plain= is not an option",
    "dask://127.0.0.1.example.org": "is another machine",
    "dask://": "not HOST:PORT",
    "dask://:8786": "not HOST:PORT",
    "dask://127.0.0.1:x": "not HOST:PORT",
    "dask://127.0.0.1:99999": "not HOST:PORT",
    "dask://127.0.0.1/path": "not HOST:PORT",
    "dask://me:canary-word@127.0.0.1": "credentials are not taken",
    "dasks://me:canary/word@127.0.0.1:8786": "credentials are not taken",
    "dask://canary-word@127.0.0.1#canary-word": "credentials are not taken",
    "dask://127.0.0.1?ca=x": "ca=x is not an option",
    "dask://127.0.0.1?token=canary-word": "token=… is not an option",
    "dasks://h?plain=accepted": "plain=accepted is not an option",
    "dasks://h?ca=none": "ca, cert and key go together",
    "dasks://h?ca=none&cert=none&key=none": "none: no such file",
    "dasks://h?ca=a&ca=b": "ca=b is not an option",
}


@pytest.mark.parametrize("text", BAD)
def test_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(text)
    assert BAD[text] in caught.value.message
    assert caught.value.hint
    assert "canary" not in caught.value.message + caught.value.hint


HINTS = {
    "dask://me:word@10.0.0.1:8786": "certificates say who asks: dasks://HOST:PORT?ca=FILE",
    "dask://10.0.0.1?plain=yes": "dask:// has plain=accepted",
    "dasks://h?ca=none&cert=none&key=none": "ca= is a file of PEM, from this folder on",
    "dasks://h?token=x": "dasks:// has ca=FILE and cert=FILE and key=FILE",
}


@pytest.mark.parametrize("text", HINTS)
def test_hints(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(text)
    assert caught.value.hint.startswith(HINTS[text])


@pytest.mark.parametrize(
    "text", ["", "dask", "local://x", "ray://h", "tcp://127.0.0.1:8786", "me:canary@h:1"]
)
def test_no_such_executor(text: str) -> None:
    with pytest.raises(UsageError, match="no executor is called so") as caught:
        executor_of(text, print)
    assert "canary" not in caught.value.message
    assert caught.value.hint == "local, dask://HOST:PORT or dasks://HOST:PORT"


def test_this_machine_is_one_of_them() -> None:
    assert list(EXECUTORS) == ["local", "dask", "dasks"]
    with executor_of("local", print) as errands:
        assert errands is None


def test_certificates_stand_beside_the_configuration(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).touch()
    moved = rebased("dasks://h:1?ca=a&cert=b&key=b", tmp_path)
    assert parse_address(moved).files == {
        "ca": str(tmp_path / "a"),
        "cert": str(tmp_path / "b"),
        "key": str(tmp_path / "b"),
    }
    assert rebased("dask://h:1", tmp_path) == "dask://h:1"
    assert rebased("local", tmp_path) == "local"


@pytest.mark.parametrize(
    ("host", "near"),
    [("127.8.9.1", True), ("::1", True), ("LOCALHOST.", True), ("0.0.0.0", False), ("", False)],  # noqa: S104 - a name
)
def test_the_loopback(host: str, near: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_loopback(host) == near

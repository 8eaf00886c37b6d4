"""Every place that is at fault, where a trace says the first: by the numbers of lists."""

from __future__ import annotations

from typing import Any, Final

import pytest

from auditor.cel import CelEvalError, CelLimitError
from auditor.cel.grounds import all_reads
from auditor.cel.parser import parse
from auditor.cel.stdlib import STDLIB
from auditor.cel.tracing import Read, trace
from auditor.cel.tracing_scopes import DETAILS

POD: Final[dict[str, Any]] = {
    "add": ["SYS_ADMIN", "CHOWN", "NET_ADMIN"],
    "env": [
        {"name": "A", "value": "secret"},
        {"name": "B", "value": "plain"},
        {"name": "C", "value": "secret"},
        {"name": "D"},
    ],
    "command": ["sh"],
    "args": ["secret", "x", "secret"],
    "labels": {"a": "bad", "b": "good", "c": "bad"},
    "host": {"pid": True, "ipc": True, "network": False},
    "volumes": [{"name": "v", "path": "/etc"}, {"name": "w", "path": "/srv"}],
    "mounts": [{"name": "v"}, {"name": "w"}, {"name": "v", "ro": True}],
}

CASES: Final[dict[str, tuple[str, list[str]]]] = {
    "all": ('o.add.all(c, c == "CHOWN")', ["add/0", "add/2"]),
    "all, in": ('o.add.all(c, c in ["CHOWN"])', ["add/0", "add/2"]),
    "not exists": (
        '!o.env.exists(e, e.?value.orValue("") == "secret")',
        ["env/0/value", "env/2/value"],
    ),
    "a made list": (
        '!(o.command + o.args).exists(a, a == "secret")',
        ["args/0", "args/2"],
    ),
    "a filtered list": (
        'o.env.filter(e, has(e.value)).all(e, e.value == "plain")',
        ["env/0/value", "env/2/value"],
    ),
    "a map": ('o.labels.all(k, o.labels[k] != "bad")', ["labels/a", "labels/c"]),
    "operands": ("!o.host.pid && !o.host.ipc && !o.host.network", ["host/pid", "host/ipc"]),
    "operands of lists": (
        '!o.host.pid && o.add.all(c, c == "CHOWN")',
        ["host/pid", "add/0", "add/2"],
    ),
    "lists in lists": (
        (
            "o.mounts.all(m, m.?ro.orValue(false) || "
            '!o.volumes.exists(v, v.name == m.name && v.path == "/etc"))'
        ),
        ["mounts/0/ro", "volumes/0/name", "mounts/0/name", "volumes/0/path"],
    ),
    "membership": ('!("CHOWN" in o.add)', ["add/1"]),
    "no membership": ('"KILL" in o.add', ["add"]),
    "no element decided": (
        'o.add.exists(c, c == "KILL")',
        ["add/0", "add/1", "add/2"],
    ),
    "no element, of a list of maps": (
        'o.env.exists(e, e.name == "Z")',
        ["env/0/name", "env/1/name", "env/2/name", "env/3/name"],
    ),
    "one only": ('o.add.exists_one(c, c == "KILL")', ["add/0", "add/1", "add/2"]),
    "an error beside": ('o.env.all(e, e.value == "plain")', ["env/0/value", "env/2/value"]),
    "an error in an operand": ("o.nothing && o.host.network", ["host/network"]),
    "a choice": ('o.host.pid ? o.add.all(c, c == "CHOWN") : true', ["host/pid", "add/0", "add/2"]),
}


def found(source: str, value: Any = POD) -> tuple[Read, ...]:
    return all_reads(parse(source), {"o": value}, STDLIB)


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_all_places(source: str, expected: list[str]) -> None:
    reads = found(source)
    assert ["/".join(map(str, read.path)) for read in reads] == expected
    traced = trace(parse(source), {"o": POD}, STDLIB)
    assert traced.value is False
    assert [read for read in reads if read in traced.reads] == list(traced.reads)


def test_an_error_is_one() -> None:
    with pytest.raises(CelEvalError, match="no such key: nothing"):
        found("o.nothing.all(e, e)")


def test_of_a_list_in_vain_a_sample() -> None:
    assert len(found("o.exists(e, e == 1)", [0] * 1000)) == 32


def test_too_many_to_tell() -> None:
    with pytest.raises(CelLimitError):
        found("o.all(e, e == 1)", [0] * (DETAILS + 1))

"""What a component prints of its flags is taken, whatever stands between them and their values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli.wiring import CollectorOptions, wired
from auditor.model.resource import Gap, Resource
from auditor.ports import Live

HEAD = "\napiserver flagz\nWarning: This endpoint is not meant to be machine parseable.\n"
SEPARATORS = (":", ": ", "=", " ")


def read(folder: Path, name: str, text: str) -> tuple[list[Resource], list[Gap]]:
    (folder / name).write_text(text)
    collector = wired().collector_for(str(folder / name), CollectorOptions())
    assert not isinstance(collector, Live)
    found: list[Resource] = []
    gaps: list[Gap] = []
    for shard in collector.plan(lambda _: 1).shards:
        for reading in collector.read(shard):
            assert not isinstance(reading, Gap)
            found += reading.resources()
            gaps += reading.gaps()
            if found:
                assert reading.line(0, "/flags/profiling/0") == 7
    return found, gaps


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("name", ["prod.flagz", "flags.txt"])
def test_flags(separator: str, name: str, tmp_path: Path) -> None:
    values = {
        "audit-log-path": "",
        "authorization-mode": "[Node,RBAC]",
        "etcd-servers": "[https://127.0.0.1:2379]",
        "profiling": "false",
        "tls-cipher-suites": "[]",
    }
    lines = (f"{flag}{separator}{value}" for flag, value in values.items())
    (found,), gaps = read(tmp_path, name, HEAD + "\n".join(lines) + "\n")
    assert gaps == []
    assert found.kind == "k8s/Flags.component.k8s.io"
    assert json.loads(found.body) == {
        "component": "kube-apiserver",
        "flags": {
            "authorization-mode": ["Node,RBAC"],
            "etcd-servers": ["https://127.0.0.1:2379"],
            "profiling": ["false"],
        },
    }


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "no component printed its flags in it"),
        ("kubelet flagz\nv:2\n", "no component printed its flags in it"),
        ("<html>", "no component printed its flags in it"),
        (HEAD, "it has no flags"),
    ],
)
def test_what_is_no_such_print(text: str, detail: str, tmp_path: Path) -> None:
    found, (gap,) = read(tmp_path, "a.flagz", text)
    assert found == []
    assert gap.detail == detail

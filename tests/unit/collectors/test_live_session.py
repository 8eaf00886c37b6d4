"""Kubeconfigs: lists of files, contexts, plugins; an error says what would be right."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import CollectionError, UsageError
from collectors.kubernetes.live.address import Address, parse_address
from collectors.kubernetes.live.session import open_session

CA = """-----BEGIN CERTIFICATE-----
AAAA
-----END CERTIFICATE-----
"""


def config(folder: Path, name: str, *contexts: str, current: str = "", **user: Any) -> str:
    """A kubeconfig whose contexts each have a cluster of that name."""
    path = folder / name
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": each, "cluster": {"server": f"http://{each}.invalid"}} for each in contexts
        ],
        "contexts": [
            {"name": each, "context": {"cluster": each, "user": "u"}} for each in contexts
        ],
        "users": [{"name": "u", "user": user or {"token": "t"}}],
        **({"current-context": current} if current else {}),
    }
    path.write_text(json.dumps(value))
    return str(path)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("k8s://", Address("", in_cluster=False, namespaces=())),
        ("k8s://prod", Address("prod", in_cluster=False, namespaces=())),
        ("k8s://a/b:c@d", Address("a/b:c@d", in_cluster=False, namespaces=())),
        ("k8s://a%3Fb", Address("a?b", in_cluster=False, namespaces=())),
        ("k8s://?namespace=b,a", Address("", in_cluster=False, namespaces=("a", "b"))),
        ("k8s://p?namespace=a&namespace=b", Address("p", in_cluster=False, namespaces=("a", "b"))),
        ("k8s+incluster://", Address("", in_cluster=True, namespaces=())),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("k8s://p?namespace=A", "'A' is no name of a namespace"),
        ("k8s://p?namespace=", "'' is no name of a namespace"),
        ("k8s://p?namespace=a/../b", "'a/../b' is no name"),
        ("k8s://p?namespaces=a", "namespaces is no option of a cluster"),
        ("k8s+incluster://p", "takes no context"),
    ],
)
def test_addresses_that_are_none(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_address(text)


def opened(kubeconfig: str, scratch: Path, context: str = "") -> tuple[str, str]:
    session = open_session(Address(context, in_cluster=False, namespaces=()), kubeconfig, scratch)
    return session.context, str(session.configuration.host)


def test_the_current_context_is_that_of_the_first_file_that_has_one(tmp_path: Path) -> None:
    """As kubectl merges them; files of the list that are not there are passed over."""
    files = (
        config(tmp_path, "one", "a"),
        str(tmp_path / "missing"),
        config(tmp_path, "two", "b", current="b"),
        config(tmp_path, "three", "c", current="c"),
    )
    assert opened(os.pathsep.join(files), tmp_path) == ("b", "http://b.invalid")
    assert opened(os.pathsep.join(files), tmp_path, "c") == ("c", "http://c.invalid")
    assert opened(os.pathsep.join(files), tmp_path, "a") == ("a", "http://a.invalid")


def _empty(folder: Path) -> str:
    path = folder / "empty"
    path.write_text("")
    return str(path)


def _torn(folder: Path) -> str:
    path = folder / "torn"
    path.write_text("clusters: [")
    return str(path)


def _list(folder: Path) -> str:
    path = folder / "list"
    path.write_text("[1, 2]")
    return str(path)


def _no_cluster(folder: Path) -> str:
    path = Path(config(folder, "half", "a", current="a"))
    path.write_text(path.read_text().replace('"cluster": "a"', '"cluster": "other"'))
    return str(path)


WRONG: Mapping[str, tuple[Callable[[Path], str], str, str]] = {
    "no file": (lambda folder: str(folder / "none"), "", "none: no such file"),
    "no current context": (lambda folder: config(folder, "x", "a"), "", "no current context"),
    "no such context": (lambda folder: config(folder, "x", "a", "b"), "c", "no context 'c'"),
    "an empty file": (_empty, "", "empty"),
    "no YAML": (_torn, "", "torn"),
    "a list": (_list, "", "list"),
    "a context without its cluster": (_no_cluster, "", "half"),
}


@pytest.mark.parametrize(("make", "context", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_kubeconfig(
    tmp_path: Path, make: Callable[[Path], str], context: str, says: str
) -> None:
    with pytest.raises(CollectionError) as told:
        opened(make(tmp_path), tmp_path, context)
    assert says in told.value.message
    assert told.value.hint


def test_contexts_are_listed(tmp_path: Path) -> None:
    with pytest.raises(CollectionError) as told:
        opened(config(tmp_path, "x", "prod", "dev"), tmp_path, "test")
    assert told.value.hint == "contexts: dev, prod"


def plugin(folder: Path, script: str) -> dict[str, Any]:
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    api = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": api, "command": str(path), "interactiveMode": "Never"}}


def test_an_exec_plugin_gives_a_token(tmp_path: Path) -> None:
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "of-the-plugin"},
    }
    user = plugin(tmp_path, f"echo '{json.dumps(credential)}'")
    kubeconfig = config(tmp_path, "x", "a", current="a", **user)
    address = Address("", in_cluster=False, namespaces=())
    session = open_session(address, kubeconfig, tmp_path)
    assert session.headers() == {"authorization": "Bearer of-the-plugin"}


def test_an_exec_plugin_that_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    user = plugin(tmp_path, "echo 'please log in first' >&2; exit 3")
    with pytest.raises(CollectionError, match=r"no credentials: .*please log in first") as told:
        opened(config(tmp_path, "x", "a", current="a", **user), tmp_path)
    assert "exec plugin" in told.value.hint
    assert capfd.readouterr().out == ""


def test_no_kubeconfig_is_written(tmp_path: Path) -> None:
    kubeconfig = Path(config(tmp_path, "x", "a", current="a"))
    kubeconfig.chmod(stat.S_IRUSR)
    before = (kubeconfig.read_bytes(), kubeconfig.stat().st_mtime_ns)
    opened(str(kubeconfig), tmp_path)
    assert (kubeconfig.read_bytes(), kubeconfig.stat().st_mtime_ns) == before

"""Exec plugins: what they are told, what they give, and the time that they have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import CollectionError
from collectors.kubernetes.live.address import Address, parse_address
from collectors.kubernetes.live.plugins import Times
from collectors.kubernetes.live.session import open_session
from tests.unit.collectors.kubernetes.live.kubeconfigs import config, of_user, opened

pytestmark = pytest.mark.process


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
    assert session.credentials().headers == {"authorization": "Bearer of-the-plugin"}


def test_an_exec_plugin_that_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What it said may hold secrets: no part of the message, and redacted where it is shown."""
    jwt = "eyJhbGciOiJub25l.eyJzdWIiOiJjYW5hcnki.c2lnbmF0dXJl"
    said = f"please log in first {jwt} password=canary-pw token: canary-token Bearer canary-b"
    user = plugin(tmp_path, f"echo '{said}' >&2; exit 3")
    with pytest.raises(CollectionError, match=r"the plugin \S+ ended with code 3$") as told:
        opened(config(tmp_path, "x", "a", current="a", **user), tmp_path)
    assert told.value.hint.endswith("plugin by itself: it says why")
    assert "please log in first" in told.value.diagnostics
    assert "canary" not in told.value.diagnostics
    assert "eyJ" not in told.value.diagnostics
    assert capfd.readouterr() == ("", "")


def timed(tmp_path: Path, script: str, **spec: Any) -> str:
    user = plugin(tmp_path, script)
    user["exec"].update(spec)
    kubeconfig = config(tmp_path, "x", "a", current="a", **user)
    with pytest.raises(CollectionError) as told:
        open_session(parse_address("k8s://"), kubeconfig, tmp_path, times=Times(0.5, 0.5))
    assert told.value.hint
    return f"{told.value.message}; {told.value.hint}"


API = "client.authentication.k8s.io/v1"
PLUGINS: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "hangs": ("exec sleep 60", {}, "did not end within 0.5 s"),
    "hangs below": ("sleep 60", {}, "did not end within 0.5 s"),
    "leaves another behind": ("sleep 60 & exit 0", {}, "did not end within 0.5 s"),
    "is not there": (
        "",
        {"command": "no-such-plugin", "installHint": "brew install it"},
        "the plugin no-such-plugin can't be run: No such file or directory; brew install it",
    ),
    "has no command": ("", {"command": None}, "the exec plugin has no command"),
    "is too old": (
        "",
        {"apiVersion": "client.authentication.k8s.io/v1alpha1"},
        "is of apiVersion client.authentication.k8s.io/v1alpha1",
    ),
    "says nothing": ("true", {}, "gave no credentials"),
    "says no JSON": ("echo canary", {}, "gave no credentials"),
    "answers for another version": (
        """echo '{"apiVersion":"x","status":{"token":"canary"}}'""",
        {},
        "gave no credentials",
    ),
    "gives half a certificate": (
        f"""echo '{{"apiVersion":"{API}","status":{{"clientCertificateData":"canary"}}}}'""",
        {},
        "gave no credentials",
    ),
    "wants a person": ("", {"interactiveMode": "Always"}, "there is no terminal"),
    "has odd arguments": ("", {"args": [7]}, "are not a list of strings"),
    "has odd variables": ("", {"env": {"a": "b"}}, "is not a list of names and values"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("script", "spec", "says"), PLUGINS.values(), ids=PLUGINS.keys())
def test_plugins_that_give_nothing(
    tmp_path: Path, script: str, spec: Mapping[str, Any], says: str
) -> None:
    told = timed(tmp_path, script, **spec)
    assert says in told
    assert "canary" not in told


def test_what_a_plugin_is_told(tmp_path: Path) -> None:
    """https://kubernetes.io/docs/reference/config-api/client-authentication.v1/"""
    script = (
        'printf %s "$KUBERNETES_EXEC_INFO" > "$0.info"; printf %s "$EXTRA $1" > "$0.line"\n'
        f"""echo '{{"apiVersion":"{API}","status":{{"token":"given"}}}}'"""
    )
    user = plugin(tmp_path, script)
    spec = {"command": "./plugin", "args": ["$(id); x"], "provideClusterInfo": True}
    user["exec"].update({**spec, "env": [{"name": "EXTRA", "value": "more"}]})
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "me"}}
    of_user(tmp_path, **user)
    kubeconfig = tmp_path / "changed"
    value = json.loads(kubeconfig.read_text())
    value["clusters"][0]["cluster"]["extensions"] = [extension]
    kubeconfig.write_text(json.dumps(value))
    session = open_session(parse_address("k8s://"), str(kubeconfig), tmp_path)
    assert session.credentials().headers == {"authorization": "Bearer given"}
    assert (tmp_path / "plugin.line").read_text() == "more $(id); x"
    assert json.loads((tmp_path / "plugin.info").read_text()) == {
        "apiVersion": API,
        "kind": "ExecCredential",
        "spec": {
            "interactive": False,
            "cluster": {"server": "http://a.invalid", "config": {"audience": "me"}},
        },
    }


@pytest.mark.parametrize("end", ["", "sleep 60"])
def test_a_plugin_that_prints_without_end(tmp_path: Path, end: str) -> None:
    """It is ended when it has printed more than any credential is long."""
    script = "yes x | head -c 3000000" if end else "yes x"
    user = plugin(tmp_path, f"{script}; {end}")
    kubeconfig = config(tmp_path, "x", "a", current="a", **user)
    with pytest.raises(CollectionError, match=r"the plugin \S+ printed more than 1 MiB$"):
        open_session(parse_address("k8s://"), kubeconfig, tmp_path, times=Times(60, 60))


def test_a_plugin_that_says_a_lot(tmp_path: Path) -> None:
    """What it says to people is kept in part; its end is told when it fails."""
    user = plugin(tmp_path, "yes x | head -c 3000000 >&2; echo the end >&2; exit 3")
    with pytest.raises(CollectionError, match="ended with code 3") as told:
        opened(config(tmp_path, "x", "a", current="a", **user), tmp_path)
    assert told.value.diagnostics.endswith("x the end")
    assert len(told.value.diagnostics) < 600


@pytest.mark.parametrize(
    "user", [{"tokenFile": "/dev/zero"}, {"tokenFile": "large"}], ids=["a device", "a large file"]
)
def test_a_token_file_that_never_ends(tmp_path: Path, user: dict[str, str]) -> None:
    (tmp_path / "large").write_bytes(b"x" * 3_000_000)
    with pytest.raises(CollectionError, match=r"tokenFile .*: (a device, and no file|larger than)"):
        opened(of_user(tmp_path, **user), tmp_path)


def test_a_kubeconfig_that_never_ends(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="/dev/zero: a device, and no file"):
        opened("/dev/zero", tmp_path)
    with pytest.raises(CollectionError, match="no current context"):
        opened("/dev/null", tmp_path)

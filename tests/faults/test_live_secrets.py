"""Nothing that identifies us is in what a run writes: screen, results, bundle."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor.evidence.blocks import SUFFIX, read_block
from tests.e2e.command import auditor
from tests.faults.server import healthy, serving

JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJDQU5BUlkifQ.c2lnbmF0dXJlLWNhbmFyeQ"
CANARIES = ("kanari", JWT, JWT[:30], JWT[-20:])
API = "client.authentication.k8s.io/v1"


def kubeconfig(server: str, user: Mapping[str, Any], **cluster: Any) -> str:
    value = {
        "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": user}],
    }
    return json.dumps(value)


def _torn(url: str, folder: Path) -> str:
    del folder
    return f"clusters: [{{server: {url}}}]\nusers:\n- user: {{token: kanari-token-1234: x}}\n"


def _plugin(url: str, folder: Path) -> str:
    script = folder / "plugin"
    said = f"login failed: {JWT} password=kanari-password token kanari-token"
    script.write_text(f"#!/bin/sh\necho '{said}'; echo '{said}' >&2\nexit 7\n")
    script.chmod(0o700)
    return kubeconfig(url, {"exec": {"apiVersion": API, "command": str(script)}})


def _plugin_that_repeats(url: str, folder: Path) -> str:
    script = folder / "plugin"
    script.write_text("#!/bin/sh\necho \"wrong: $APP_SECRET $1\" | tr = ' ' >&2\nexit 7\n")
    script.chmod(0o700)
    env = [{"name": "APP_SECRET", "value": "kanari of an app"}]
    plugin = {"apiVersion": API, "command": str(script), "args": ["--password=kanari9x"]}
    return kubeconfig(url, {"exec": {**plugin, "env": env}})


def _quiet_plugin(url: str, folder: Path) -> str:
    script = folder / "plugin"
    script.write_text(f'#!/bin/sh\necho \'{{"status": {{"token": "{JWT}"}}}}\'\n')
    script.chmod(0o700)
    return kubeconfig(url, {"exec": {"apiVersion": API, "command": str(script)}})


@dataclass(frozen=True, slots=True)
class Case:
    """A kubeconfig with a secret in it, and what is said of it."""

    make: Callable[[str, Path], str]
    says: str


CASES = {
    "YAML that is none": Case(_torn, "kubeconfig:3:34: not valid YAML"),
    "a plugin that fails": Case(_plugin, "plugin ended with code 7"),
    "a plugin that repeats what it was given": Case(_plugin_that_repeats, "ended with code 7"),
    "a plugin that gives no credentials": Case(_quiet_plugin, "plugin gave no credentials"),
    "a password in an address that is none": Case(
        lambda _, __: kubeconfig("ftp://bob:kanari-pw@h", {"token": "kanari-token"}), "'ftp://h'"
    ),
    "a password in a proxy that is none": Case(
        lambda url, _: kubeconfig(url, {}, **{"proxy-url": "socks5://bob:kanari-pw@h"}),
        "'socks5://h'",
    ),
    "a password for a proxy that is not there": Case(
        lambda url, _: kubeconfig(url, {}, **{"proxy-url": "http://bob:kanari-pw@127.0.0.1:9"}),
        "proxy",
    ),
    "a token that can't be sent": Case(
        lambda url, _: kubeconfig(url, {"token": f"kanari\n{JWT}"}), "that no header may have"
    ),
    "a token in place of a user": Case(
        lambda url, _: kubeconfig(url, {}).replace('"user": {}', '"user": "kanari-token"'),
        "users[0].user is not a mapping",
    ),
    "a password that can't be sent": Case(
        lambda url, _: kubeconfig(url, {"username": "bob", "password": "kanari-é"}), ""
    ),
    "a password in a server's address": Case(
        lambda url, _: kubeconfig(url.replace("//", "//bob:kanari-pw@"), {}), ""
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_no_secret_is_written(tmp_path: Path, case: Case) -> None:
    with serving(healthy) as server:
        (tmp_path / "kubeconfig").write_text(case.make(server.url, tmp_path))
        common = ("k8s://", "--kubeconfig", "kubeconfig")
        profile = ("--profile", "pod-security-baseline")
        kept = ("--output", tmp_path / "bundle", "--no-sign", "-o", "json=results.json")
        scanned = auditor("scan", *common, *profile, *kept, cwd=tmp_path)
        asked = auditor("doctor", *common, *profile, cwd=tmp_path)
    assert scanned.code in {1, 3}, scanned.err
    written = {path: _content(path) for path in _files(tmp_path)}
    assert len(written) > 3
    written[Path("screen")] = f"{scanned.out}{scanned.err}{asked.out}{asked.err}".encode()
    for path, content in written.items():
        for canary in CANARIES:
            assert canary.encode() not in content, (path, canary)
    if case.says:
        assert asked.code == 3
        assert case.says in asked.err
        assert case.says in (tmp_path / "results.json").read_text()
        assert "hint: " in asked.err


def _files(folder: Path) -> list[Path]:
    found = [path for path in (folder / "bundle").rglob("*") if path.is_file()]
    return [*found, folder / "results.json"]


def _content(path: Path) -> bytes:
    return read_block(path) if path.suffix == SUFFIX else path.read_bytes()


def test_what_a_plugin_said_is_shown_by_doctor_alone(tmp_path: Path) -> None:
    script = tmp_path / "plugin"
    script.write_text("#!/bin/sh\necho 'please log in first' >&2\nexit 7\n")
    script.chmod(0o700)
    user = {"exec": {"apiVersion": API, "command": str(script)}}
    (tmp_path / "kubeconfig").write_text(kubeconfig("http://127.0.0.1:9", user))
    common = ("k8s://", "--kubeconfig", "kubeconfig")
    scanned = auditor("scan", *common, "--format", "json", cwd=tmp_path)
    asked = auditor("doctor", *common, cwd=tmp_path)
    assert "please log in first" not in scanned.out + scanned.err
    assert "it said: please log in first" in asked.err

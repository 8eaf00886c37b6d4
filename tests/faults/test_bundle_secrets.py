"""No secret gets into a bundle: not those of the estate, and none of ours, in whatever form."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from auditor.evidence.blocks import read_block
from tests.e2e.command import ROOT, Ran, auditor
from tests.faults.leaking import leaking
from tests.faults.server import Asked, Reply, page, pod, serving

OURS = 'our"token/with+odd=characters'
PHRASE = "open sesame & close"
CANARIES = {
    "by name": "canary-by-name-4711",
    "a key": "AKIA" + "Q7" * 8,
    "in an argument": "canary-argument-4711",
    "in a URL": "canary-url-4711",
    "applied": "canary-applied-4711",
}


def estate() -> list[dict[str, Any]]:
    found = pod("bad", privileged=True)
    found["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"x": CANARIES["applied"]}),
        "note": f"see https://user:{CANARIES['in a URL']}@example.org/",
    }
    container = found["spec"]["containers"][0]
    container["env"] = [
        {"name": "DB_PASSWORD", "value": CANARIES["by name"]},
        {"name": "OTHER", "value": CANARIES["a key"]},
    ]
    container["args"] = [f"--api-key={CANARIES['in an argument']}"]
    return [found]


def ran(
    folder: Path,
    items: list[dict[str, Any]],
    *arguments: str,
    user: dict[str, Any] | None = None,
    phrase: str = PHRASE,
) -> Ran:
    """Scan a cluster with these pods into a bundle, with a token and a passphrase of ours."""

    def handle(asked: Asked) -> Reply | None:
        return page(items) if asked.path == "/api/v1/pods" else None

    with serving(handle) as server:
        config = {
            "current-context": "fake",
            "clusters": [{"name": "c", "cluster": {"server": server.url}}],
            "contexts": [{"name": "fake", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": user or {"token": OURS}}],
        }
        (folder / "kubeconfig").write_text(json.dumps(config))
        env = {
            "PYTHONPATH": str(ROOT),
            "KUBECONFIG": str(folder / "kubeconfig"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "AUDITOR_PASSPHRASE": phrase,
            "NO_PROXY": "*",
        }
        return auditor(*arguments, cwd=folder, env=env)


def contents(root: Path) -> Iterator[tuple[str, bytes]]:
    for path in root.rglob("*"):
        if path.is_file():
            data = read_block(path) if path.suffix == ".zst" else path.read_bytes()
            yield path.name, data


def test_no_canary_in_any_byte(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    assert ran(tmp_path, [], "keys", "create", "k.p12").code == 0
    done = ran(tmp_path, estate(), "scan", "k8s://", "--output", "b", "--key", "k.p12")
    assert done.code in {1, 3}, done.err
    texts = [("out", done.out.encode()), ("err", done.err.encode()), *contents(tmp_path / "b")]
    assert leaking((*CANARIES.values(), OURS, PHRASE), texts) == []
    redactions = (tmp_path / "b/redactions/0000/000000.jsonl").read_text()
    found = [json.loads(line) for line in redactions.splitlines()]
    owner = bytes.fromhex((tmp_path / "config/auditor/commitment-secret").read_text().strip())
    run = json.loads((tmp_path / "b/manifest.json").read_text())["run"]["id"]
    key = hmac.digest(owner, run.encode(), "sha256")
    committed = {each["commitment"]: each for each in found}
    for what in ("by name", "a key"):
        mine = hmac.digest(key, CANARIES[what].encode(), "sha256").hex()
        assert "/env/" in committed[mine]["path"], what
    assert all(each["path"].startswith("/items/0/") for each in found)


REPEATED = {
    "as it is": OURS,
    "in base64": base64.b64encode(f"x{OURS}y".encode()).decode(),
    "percent signs": quote(OURS, safe=""),
    "in JSON": json.dumps({"a": OURS}),
}


@pytest.mark.parametrize("text", REPEATED.values(), ids=REPEATED.keys())
def test_our_token_in_what_is_read_is_replaced(tmp_path: Path, text: str) -> None:
    """Somebody has put our token where we read it."""
    found = pod("bad")
    found["metadata"]["labels"] = {"note": text}
    for place in ("b", "b.zip"):
        done = ran(tmp_path, [found], "scan", "k8s://", "--output", place, "--no-sign", "-q")
        assert (done.code, done.err) == (0, ""), done
    done = ran(tmp_path, [found], "collect", "k8s://", "--output", "c")
    assert done.code == 0, done
    made = [*contents(tmp_path / "b"), *contents(tmp_path / "c")]
    texts = [*made, ("out", done.out.encode()), ("err", done.err.encode())]
    assert leaking([OURS], texts) == []


def test_a_bundle_that_would_hold_our_passphrase_is_not_written(tmp_path: Path) -> None:
    """It is not a credential for the server, so it is not looked for before the end."""
    found = pod("bad")
    found["metadata"]["labels"] = {"note": f"say {PHRASE} twice"}
    for place in ("b", "b.zip"):
        done = ran(tmp_path, [found], "scan", "k8s://", "--output", place, "--no-sign", "-q")
        assert done.code == 2, done
        assert "would hold a credential of this run" in done.err
        assert PHRASE not in done.err
        assert not (tmp_path / place).exists()


SAID = "a phrase that nobody else knows"


def test_a_passphrase_of_a_file_is_a_credential_as_well(tmp_path: Path) -> None:
    (tmp_path / "phrase").write_text(SAID)
    options = ("--passphrase-file", "phrase")
    assert ran(tmp_path, [], "keys", "create", "k.p12", *options, phrase="").code == 0
    found = pod("bad")
    found["metadata"]["labels"] = {"note": SAID}
    scan = ("scan", "k8s://", "--output", "b", "--key", "k.p12", "-q", *options)
    done = ran(tmp_path, [found], *scan, phrase="")
    assert done.code == 2, done
    assert "would hold a credential of this run" in done.err
    assert not (tmp_path / "b").exists()


PLUGIN = """#!/bin/sh
env > "$0.seen"
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
  "status": {"token": "a-token-of-a-plugin"}}'
"""


def test_a_plugin_does_not_inherit_the_passphrase(tmp_path: Path) -> None:
    assert ran(tmp_path, [], "keys", "create", "k.p12").code == 0
    plugin = tmp_path / "plugin"
    plugin.write_text(PLUGIN)
    plugin.chmod(0o700)
    version = "client.authentication.k8s.io/v1"
    user = {"exec": {"apiVersion": version, "command": str(plugin), "interactiveMode": "Never"}}
    scan = ("scan", "k8s://", "--output", "b", "--key", "k.p12", "-q")
    done = ran(tmp_path, [pod("bad", privileged=True)], *scan, user=user)
    assert (done.code, done.err) == (1, "")
    seen = (tmp_path / "plugin.seen").read_text()
    assert "NO_PROXY" in seen
    assert "AUDITOR_PASSPHRASE" not in seen
    assert PHRASE not in seen


def test_large_results_are_looked_through_as_well(tmp_path: Path) -> None:
    """They are compressed while they are written, so nothing says how large they are."""
    many = [pod(f"p{number}", privileged=True) for number in range(1_600)]
    done = ran(tmp_path, many, "scan", "k8s://", "--output", "b", "--all", "-q", "--no-sign")
    assert (done.code, done.err) == (1, "")
    assert (tmp_path / "b/results.json.zst").exists()
    assert ran(tmp_path, [], "verify", "b").code == 3

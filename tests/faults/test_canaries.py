"""Secrets in all the places where people leave them: none in any byte of bundle, report or screen.

The same objects as YAML and as JSON in files, on standard input, and from a cluster.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.cli.wiring import SHIPPED
from auditor.evidence.blocks import read_block
from auditor.secrets.forms import forms
from tests.contract.pages import Page
from tests.contract.reading import printed
from tests.e2e.command import ROOT, Ran, auditor
from tests.faults.leaking import leaking
from tests.faults.server import Asked, Reply, page, serving

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
PLACES = (
    *("applied env", "applied argument", "annotation argument", "annotation JSON", "bearer"),
    *("env PASSWORD", "env PASS", "env PWD", "env SESSION_KEY", "env AUTH", "env JSON", "env DSN"),
    *("query", "argument", "next argument", "setting", "argument_with", "argument.with", "script"),
    *("exported", "probe header", "init container", "label", "uid"),
)
HIDDEN = {place: f"canary-{number:02}-x7Qz" for number, place in enumerate(PLACES)}
OF_SECRETS = {
    "applied data": "canary-30-x7Qz",
    "data": "canary-31-x7Qz",
    "string": "canary-32-x7Qz",
}
OF_SETTINGS = {"setting": "canary-40-x7Qz", "JSON": "canary-41-x7Qz"}


def applied(value: object) -> dict[str, str]:
    return {APPLIED: json.dumps(value)}


def pod() -> dict[str, Any]:
    """A pod with a secret at every place of :data:`HIDDEN`."""
    hide = HIDDEN
    before = {
        "env": [{"name": "DB_PASSWORD", "value": hide["applied env"]}],
        "args": [f"--token={hide['applied argument']}"],
    }
    env = {
        "DB_PASSWORD": hide["env PASSWORD"],
        "DB_PASS": hide["env PASS"],
        "MYSQL_PWD": hide["env PWD"],
        "SESSION_KEY": hide["env SESSION_KEY"],
        "AUTH": f"Bearer {hide['env AUTH']}",
        "CONFIG": json.dumps({"db": {"password": hide["env JSON"]}}),
        "DB_DSN": f"user:{hide['env DSN']}@tcp(h)/db",
        "JDBC": f"jdbc:mysql://h/db?user=u&password={hide['query']}",
    }
    header = {"name": "Authorization", "value": f"Basic {hide['probe header']}"}
    main = {
        "name": "main",
        "image": "r.io/x:1",
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "args": [
            *(f"--api-key={hide['argument']}", "--token", hide["next argument"]),
            *("--set", f"password={hide['setting']}", f"--hf_token={hide['argument_with']}"),
            f"--db.password={hide['argument.with']}",
        ],
        "command": [
            *("sh", "-c"),
            f"export PASSWORD={hide['exported']}; run --password={hide['script']} --port=80",
        ],
        "livenessProbe": {"httpGet": {"path": "/", "port": 80, "httpHeaders": [header]}},
    }
    first = {
        "name": "first",
        "image": "r.io/x:1",
        "env": [{"name": "API_TOKEN", "value": hide["init container"]}],
    }
    annotations = {
        **applied({"spec": {"containers": [before]}}),
        "note": f"--password={hide['annotation argument']}",
        "settings": json.dumps({"api_key": hide["annotation JSON"]}),
        "how": f"curl -H 'Authorization: Bearer {hide['bearer']}'",
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "p",
            "namespace": "ml",
            "uid": f"u --token={hide['uid']}",
            "labels": {"note": f"--password={hide['label']}"},
            "annotations": annotations,
        },
        "spec": {"initContainers": [first], "containers": [main]},
    }


def others() -> list[dict[str, Any]]:
    """Kinds that no cluster is asked for."""
    hide = {name: base64.b64encode(value.encode()).decode() for name, value in OF_SECRETS.items()}
    meta = {"name": "s", "annotations": applied({"data": {"x": hide["applied data"]}})}
    settings = {
        "db.password": OF_SETTINGS["setting"],
        "config.json": json.dumps({"secret": OF_SETTINGS["JSON"]}),
    }
    head = {"apiVersion": "v1"}
    return [
        {
            **head,
            "kind": "Secret",
            "metadata": meta,
            "data": {"x": hide["data"]},
            "stringData": {"y": OF_SECRETS["string"]},
        },
        {**head, "kind": "ConfigMap", "metadata": {"name": "c"}, "data": settings},
    ]


def as_json(folder: Path, objects: list[dict[str, Any]]) -> tuple[str, bytes]:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    (folder / "all.json").write_text(text)
    return "all.json", b""


def as_yaml(folder: Path, objects: list[dict[str, Any]]) -> tuple[str, bytes]:
    (folder / "all.yaml").write_text(yaml.safe_dump_all(objects, width=9_999))
    return "all.yaml", b""


def as_folded_yaml(folder: Path, objects: list[dict[str, Any]]) -> tuple[str, bytes]:
    """Long texts over several lines: the block reader leaves them to the parser."""
    (folder / "all.yaml").write_text(yaml.safe_dump_all(objects, width=60))
    return "all.yaml", b""


def as_input(folder: Path, objects: list[dict[str, Any]]) -> tuple[str, bytes]:
    del folder
    return "-", json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}).encode()


WAYS: dict[str, Callable[[Path, list[dict[str, Any]]], tuple[str, bytes]]] = {
    "JSON": as_json,
    "YAML": as_yaml,
    "folded YAML": as_folded_yaml,
    "standard input": as_input,
}


def written(folder: Path, done: Ran) -> Iterator[tuple[str, bytes]]:
    """Everything that a run left, and what it said."""
    yield from (("stdout", done.out.encode()), ("stderr", done.err.encode()))
    for path in folder.rglob("*"):
        if path.is_file() and (folder / "bundle") in path.parents:
            yield str(path), read_block(path) if path.suffix == ".zst" else path.read_bytes()
    for name in SHIPPED.formats:
        yield f"report as {name}", (folder / f"report.{name}").read_bytes()
    yield "rows of the page", json.dumps(Page((folder / "report.html").read_text()).rows()).encode()


def leaks(folder: Path, done: Ran, secrets: dict[str, str]) -> set[str]:
    assert done.code in {0, 1, 3}, done.err
    found = list(written(folder, done))
    kept = [name for name, data in found if b'"image":"r.io/x:1"' in data]
    assert any("bodies" in name for name in kept), "what is not a secret is there"
    leaked = {secret for secret, _ in leaking(secrets.values(), found)}
    return {place for place, secret in secrets.items() if secret in leaked}


FILES = [part for name in SHIPPED.formats for part in ("-o", f"{name}=report.{name}")]
OPTIONS = ("--passes", "--output", "bundle", "--no-sign", *FILES)


def test_paper(tmp_path: Path) -> None:
    """What is written in a PDF is compressed; all of it stands in one line here."""
    target, _ = as_json(tmp_path, [pod(), *others()])
    done = auditor("scan", target, "--quiet", "-o", "pdf=report.pdf", cwd=tmp_path)
    assert done.code == 1, done.err
    text = "".join(printed((tmp_path / "report.pdf").read_bytes()).split()).encode()
    assert b"k8s-secret-in-environment" in text
    every = {**HIDDEN, **OF_SECRETS, **{f"of {name}": it for name, it in OF_SETTINGS.items()}}
    for place, secret in every.items():
        for form in forms(secret):
            assert b"".join(form.split()) not in text, place


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_files(tmp_path: Path, way: Callable[..., tuple[str, bytes]]) -> None:
    target, stdin = way(tmp_path, [pod(), *others()])
    done = auditor("scan", target, *OPTIONS, cwd=tmp_path, stdin=stdin)
    every = {**HIDDEN, **OF_SECRETS, **{f"of {name}": it for name, it in OF_SETTINGS.items()}}
    assert leaks(tmp_path, done, every) == set()


def test_a_cluster(tmp_path: Path) -> None:
    item = {key: value for key, value in pod().items() if key not in {"kind", "apiVersion"}}

    def handle(asked: Asked) -> Reply | None:
        return page([item]) if asked.path == "/api/v1/pods" else None

    with serving(handle) as server:
        config = {
            "current-context": "fake",
            "clusters": [{"name": "c", "cluster": {"server": server.url}}],
            "contexts": [{"name": "fake", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {"token": "canary-50-x7Qz"}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        env = {"PYTHONPATH": str(ROOT), "KUBECONFIG": "kubeconfig", "NO_PROXY": "*"}
        done = auditor("scan", "k8s://", *OPTIONS, cwd=tmp_path, env=env)
    assert leaks(tmp_path, done, {**HIDDEN, "our token": "canary-50-x7Qz"}) == set()

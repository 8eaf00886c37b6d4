"""Secrets in manifests reach no report, whatever the format and with and without the memo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.command import auditor

TOKEN = "hf_" + "Q7" * 18
SECRETS = (TOKEN, "hunter2222", "s3cr3tvalue", "aHVudGVyMjIyMg==", "/k3jh4kjh5Qz==", "482913")


def pod(name: str) -> dict[str, Any]:
    """A pod that holds a secret wherever people put them."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "annotations": {"note": f"use {TOKEN}"}},
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "image": "example.org/shell",
                    "args": ["--api-token=s3cr3tvalue", "--db=postgres://u:hunter2222@db/x"],
                    "command": ["sh", "-c", f"export T={TOKEN}", "--password", "hunter2222"],
                    "env": [
                        {"name": "DB_PASSWORD", "value": "hunter2222"},
                        {"value": "s3cr3tvalue", "name": "API_TOKEN"},
                        {"name": "PLAIN", "value": TOKEN},
                        {"name": "ROOT_PASSWORD", "value": "/k3jh4kjh5Qz=="},
                        {"name": "DB_PASS", "value": "482913"},
                        {"name": "AUTH_HEADER", "value": "Bearer hunter2222"},
                    ],
                }
            ]
        },
    }


SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "db", "namespace": "ml"},
    "data": {"password": "aHVudGVyMjIyMg=="},
    "stringData": {"token": "s3cr3tvalue"},
}


def manifests(form: str) -> str:
    objects = [pod("a"), pod("b"), SECRET]
    match form:
        case "yaml":
            return yaml.safe_dump_all(objects, sort_keys=False)
        case "anchors":
            text = yaml.safe_dump_all(objects, sort_keys=False)
            return text.replace("name: main", "name: &n main") + "---\na: &b 1\n"
        case "page":
            return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        case "lines":
            return "\n".join(json.dumps(each) for each in objects)
        case _:
            text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=2)
            return text.replace("_", "\\u005f").replace("hunter", "\\u0068unter")


@pytest.mark.parametrize("options", [(), ("--no-memo",)], ids=["memo", "no memo"])
@pytest.mark.parametrize("form", ["yaml", "anchors", "page", "lines", "escaped"])
def test_no_secret_leaves(tmp_path: Path, form: str, options: tuple[str, ...]) -> None:
    suffix = "yaml" if form in {"yaml", "anchors"} else "json"
    (tmp_path / f"all.{suffix}").write_text(manifests(form))
    ran = auditor("scan", tmp_path, "--no-cache", "--format", "json", "--all", *options)
    found = {
        finding["rule"]
        for finding in ran.results()["findings"]
        if finding["verdict"] == "fail" and finding["resource"]["name"] == "a"
    }
    assert "k8s-env-secret-name" in found or any("secret" in rule for rule in found)
    assert [secret for secret in SECRETS if secret in ran.out + ran.err] == []
    assert "«redacted:" in ran.out


def test_verdicts_do_not_depend_on_the_format(tmp_path: Path) -> None:
    verdicts: list[str] = []
    for form in ("yaml", "anchors", "page", "lines", "escaped"):
        suffix = "yaml" if form in {"yaml", "anchors"} else "json"
        place = tmp_path / f"{form}.{suffix}"
        place.write_text(manifests(form))
        ran = auditor("scan", place, "--no-cache", "--format", "json", "--all")
        verdicts.append(
            json.dumps(
                sorted(
                    [
                        each["rule"],
                        each["resource"]["name"],
                        each["element"],
                        each["verdict"],
                        each["message"],
                        [(seen["path"], seen.get("value")) for seen in each["observed"]],
                    ]
                    for each in ran.results()["findings"]
                )
            )
        )
    assert all(each == verdicts[0] for each in verdicts)

"""What a configuration may not say that nobody named."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.configuration.confined import refuse_beyond
from auditor.configuration.reading import read_configuration
from auditor.errors import PolicyErrors

FORMATS = ("json",)
OWN = ("k8s", "docker")
INSIDE = """\
targets: [., a/, ../r/a, "k8s://prod", "docker://"]
policies: [a]
waivers: a/w.yaml
outputs: {json: a/r.json}
parameters: {tenant: "file:a/teams.yaml,table", other: "file:/etc/passwd"}
"""


def refuse(root: Path, text: str) -> None:
    found = read_configuration(text.encode(), "auditor.yaml", root, FORMATS)
    refuse_beyond(found, root, OWN)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "r" / "a").mkdir(parents=True)
    (tmp_path / "r" / "out").symlink_to(tmp_path)
    return tmp_path / "r"


def test_what_is_in_the_repository_may_be_named(root: Path) -> None:
    refuse(root, INSIDE)


BEYOND = {
    "a target above": ("targets: [..]", "..: outside of the repository"),
    "an absolute target": ("targets: [/etc]", "/etc: outside of the repository"),
    "a target through a link": ("targets: [out/x]", "out/x: outside of the repository"),
    "policies": ("policies: [../p]", "../p: outside of the repository"),
    "waivers": ("waivers: ../w.yaml", "../w.yaml: outside of the repository"),
    "answers": ("answers: ../a.yaml", "../a.yaml: outside of the repository"),
    "a baseline": ("baseline: /b.zip", "/b.zip: outside of the repository"),
    "a key": ("baseline-key: /b.pub", "/b.pub: outside of the repository"),
    "trust": ("baseline-trust: out/t", "out/t: outside of the repository"),
    "a report above": ("outputs: {json: ../r.json}", "../r.json: outside of the repository"),
    "a report by a link": ("outputs: {json: out/x}", "out/x: outside of the repository"),
    "a device": ("outputs: {json: /dev/stdout}", "/dev/stdout: outside of the repository"),
    "a hook": ("outputs: {json: .git/hooks/x}", ".git/hooks/x: hidden"),
    "a hidden report": ("outputs: {json: a/.r}", "a/.r: hidden"),
    "a map of tenants": (
        "parameters: {tenant: 'table, file:../t.yaml'}",
        "../t.yaml: outside of the repository",
    ),
    "an address": ("targets: ['vsphere://evil']", "vsphere:// is an address"),
    "an engine elsewhere": ("targets: ['docker+ssh://evil']", "docker+ssh:// is an address"),
    "an executor": ("executor: dask://evil", "executor: whoever is there runs code here"),
    "a kubeconfig": ("kubeconfig: a", "kubeconfig: it may name programs to run"),
}


@pytest.mark.parametrize(("text", "message"), BEYOND.values(), ids=BEYOND)
def test_what_leads_out_of_it_may_not(root: Path, text: str, message: str) -> None:
    with pytest.raises(PolicyErrors) as caught:
        refuse(root, text)
    (only,) = caught.value.errors
    assert only.message.startswith(message)
    assert only.location.line == 1
    assert "auditor scan --config auditor.yaml" in only.hint

"""A worker judges by the policies of the one who sends, those of a user included, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from auditor.cli.executors.sealing import NotOursError, seal
from auditor.cli.executors.working import (
    OtherPoliciesError,
    brought_from,
    way_of,
    work,
)
from auditor.cli.wires.parcels import PARCELS
from auditor.cli.wiring import CollectorOptions
from auditor.policy import policies_folder
from auditor.runner.errands import Brought, Errand, encoded
from auditor.runner.job import prepared
from auditor.runner.settings import Chosen
from tests.faults.server import Server, healthy, serving
from tests.faults.test_live_many import kubeconfig

RULE = """\
id: acme-bad
title: A pod is called bad
severity: low
confidence: high
applies-to: k8s/Pod
check: object.metadata.name != 'bad'
message: "{object.metadata.name} is bad"
rationale: It is.
remediation: Give it another name.
references: ["https://example.org"]
examples:
  - {name: a good one, expect: pass, object: {metadata: {name: good}}}
  - {name: a bad one, expect: fail, object: {metadata: {name: bad}}}
  - {name: no name, expect: unknown, object: {metadata: {}}}
"""
PROFILE = """\
id: own
title: Own
description: What we want.
select:
  - {ids: [acme-bad, k8s-container-privileged]}
gate: high
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(healthy) as found:
        yield found


def chosen(folder: Path) -> Chosen:
    """The built-in policies and a profile with a rule of a user."""
    for name, text in (("rules/acme-bad.yaml", RULE), ("profiles/own.yaml", PROFILE)):
        path = folder / "policies" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return Chosen((policies_folder(), folder / "policies"), "own")


def brought(folder: Path, server: Server, way: bytes) -> Brought:
    """What a worker brings, which has nothing but the errand."""
    settings = CollectorOptions(kubeconfig=str(kubeconfig(folder, {"a": server.url})))
    parcel = PARCELS["k8s"]("k8s://a", settings)
    place, own = folder / "place", X25519PrivateKey.generate()
    place.mkdir()
    errand = Errand(0, "k8s://a", ("k8s/Pod",), way, msgspec.msgpack.encode(parcel), weight=1 << 20)
    sealed, answers = seal(encoded(errand), own.public_key().public_bytes_raw())
    try:
        return brought_from(work(sealed, own, str(place), lambda: None), answers.opened)
    finally:
        assert list(place.iterdir()) == [], "its secrets go with it"


def test_policies_go_along(tmp_path: Path, server: Server) -> None:
    ours = chosen(tmp_path)
    digest = prepared(ours).profile.digest
    found = brought(tmp_path, server, way_of(ours, digest, list_all=True, memo=True))
    assert found.collected.entry.failure == ""
    lines = b"".join(data for _, data in found.files)
    assert b"k8s-container-privileged" in lines
    assert b"acme-bad" in lines
    assert {each.headers["authorization"] for each in server.asked} == {"Bearer canary-token"}


def test_other_policies_judge_nothing(tmp_path: Path, server: Server) -> None:
    way = way_of(chosen(tmp_path), "sha256:0", list_all=False, memo=True)
    with pytest.raises(OtherPoliciesError):
        brought(tmp_path, server, way)
    assert server.asked == []


def test_what_is_no_errand(tmp_path: Path) -> None:
    own = X25519PrivateKey.generate()
    with pytest.raises(NotOursError):
        work(b"canary-word", own, str(tmp_path), lambda: None)
    sealed, _ = seal(b"canary-word", own.public_key().public_bytes_raw())
    with pytest.raises(msgspec.MsgspecError) as caught:
        work(sealed, own, str(tmp_path), lambda: None)
    assert "canary" not in str(caught.value)

"""What a real API server serves is not told as removed, and what it does not serve is."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from auditor.engine.kinds import Plans
from auditor.model.enums import Verdict
from auditor.platforms.kubernetes import kind_name
from auditor.policy import compile_profile, load, resolve
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client
from tests.unit.engine.making import judge

ROOT = Path(__file__).parents[2]
RULE = "k8s-api-version-removed"


@pytest.fixture(scope="module")
def client(apiserver: ApiServer) -> Iterator[Client]:
    with apiserver.client() as found:
        yield found


def _read(client: Client, path: str) -> Any:
    reply = client.get(path)
    assert reply.status == HTTPStatus.OK, path
    return reply.body


def _served(client: Client) -> set[tuple[str, str]]:
    """Each (apiVersion, kind) of the discovery of the server."""
    versions = ["v1"]
    for group in _read(client, "/apis")["groups"]:
        versions += [each["groupVersion"] for each in group["versions"]]
    found = set()
    for version in versions:
        path = f"/api/{version}" if version == "v1" else f"/apis/{version}"
        for each in _read(client, path)["resources"]:
            if "/" not in each["name"]:
                found.add((version, each["kind"]))
    return found


def test_what_is_served_is_not_removed(client: Client) -> None:
    profile = compile_profile(resolve(load((ROOT / "policies",), None), "ai-platform", {}), None)
    rules = [rule for rule in profile.rules if rule.rule.id == RULE]
    plans = Plans(rules, list_all=True, memo=False)
    served = _served(client)
    judged = 0
    for version, kind in sorted(served):
        made = plans.get(kind_name(version.rpartition("/")[0], kind))
        if made is not None:
            body = {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}}
            outcomes, _ = judge(made, body)
            assert [each.verdict for each in outcomes] != [Verdict.FAIL], (version, kind)
            judged += 1
    assert judged > 30
    for example in rules[0].rule.examples:
        if example.expect is Verdict.FAIL:
            version, kind = example.name.split()[:2]
            assert (version, kind) not in served

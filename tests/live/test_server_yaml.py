"""What a real API server stores of odd manifests is what we read of them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from auditor.secrets.redact import redact
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client, Reply, Request
from tests.live import cluster as clusters
from tests.live.test_kubectl_yaml import (
    HEAD,
    NOT_COMPARED,
    odd_scalar,
    ours,
    theirs_as_ours,
)
from tests.sweeps import sweep
from tests.unit.collectors.documents.yaml_cases import SCALARS, exact, odd_document, tagged

PATH = "/apis/example.org/v1/namespaces/default/odds?dryRun=All"
KINDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SECONDS = 60.0
SEED = 21


@pytest.fixture(scope="module")
def server(apiserver: ApiServer) -> Iterator[Client]:
    """A server that takes any object of a kind of ours."""
    with apiserver.client() as client:
        client.post(KINDS, clusters.definition("example.org", "Odd", "v1"))
        deadline = time.monotonic() + SECONDS
        while client.post(PATH, {**_head(), "metadata": {"name": "a"}}).status != 201:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield client


def _head() -> dict[str, str]:
    return {"apiVersion": "example.org/v1", "kind": "Odd"}


def stored(client: Client, texts: list[str]) -> list[Reply]:
    """What the server would store; YAML is read by the server itself."""
    media = "application/yaml"
    return client.send_all(Request("POST", PATH, text.encode(), media) for text in texts)


def texts(size: int) -> list[str]:
    chance = random.Random(SEED)
    scalars = sorted({*SCALARS, *(odd_scalar(chance) for _ in range(size))})
    found = [f"{HEAD}spec:\n  odd: {scalar}\n" for scalar in scalars]
    bodies = ["\n".join(odd_document(chance, indent=2)) for _ in range(size * 3 // 10)]
    found += [f"{HEAD}spec:\n{body}\n" for body in bodies if "\n---" not in f"\n{body}"]
    plain = [text for text in found if NOT_COMPARED.search(text, len(HEAD)) is None]
    return [text for text in plain if not any(each.duplicates for each in exact(text) or ())]


@sweep(some=400, whole=2_000)
def test_what_is_stored_is_what_we_read(server: Client, size: int) -> None:
    asked = [text for text in texts(size) if not ours(text).error]
    compared, different = 0, []
    for text, reply in zip(asked, stored(server, asked), strict=True):
        mine = ours(text).value
        if reply.status != 201 or not isinstance(mine, dict):
            different.append((text, reply, mine))
            continue
        compared += 1
        theirs = redact(theirs_as_ours(reply.body.get("spec")))
        if tagged(theirs) != tagged(theirs_as_ours(mine.get("spec"))):
            different.append((text, reply, mine))
    assert different == []
    assert compared > size // 2

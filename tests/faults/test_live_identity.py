"""Who and where we are, and what that is of servers that tell little, or another thing later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.faults import server as fake
from tests.faults.clusters import KINDS, PODS, REVIEW, collector, on, scanned
from tests.faults.server import Asked, Reply, serving, status
from tests.live.cluster import read


def test_the_cluster_must_stay_the_same(tmp_path: Path) -> None:
    system = "/api/v1/namespaces/kube-system"
    one, two = (fake.json_reply({"metadata": {"uid": uid}}) for uid in ("one", "two"))
    document = scanned(tmp_path, on(system, one, two))
    (gap,) = document["gaps"]
    assert gap["scope"] == "k8s://fake"
    assert "one v1.37.0 tester at the start, two v1.37.0 tester at the end" in gap["detail"]
    assert all(
        control["state"] not in {"satisfied", "supported"} for control in document["controls"]
    )


ODD_BODIES = (b'{"metadata":{"uid":"\xff"}}', b'{"x":' + b"[" * 100_000, b"[]", b"")


@pytest.mark.parametrize("body", ODD_BODIES)
@pytest.mark.parametrize("path", ["/api/v1/namespaces/kube-system", REVIEW.format("v1")])
def test_odd_answers_about_who_and_where_we_are(tmp_path: Path, path: str, body: bytes) -> None:
    """The rest is read; what they would have told is not known."""
    with serving(on(path, Reply(body))) as server:
        pages = read(collector(tmp_path, server), KINDS, tmp_path)
    assert pages.entry.gaps == ()
    known = pages.entry.uid.partition(":")[0]
    assert known == ("the-cluster" if "review" in path else "server")
    assert pages.entry.principal.name == ("" if "review" in path else "tester")


RENEWED = {"the plugin has another": (2, ""), "it has the same": (1, "HTTP 401")}


@pytest.mark.parametrize(("tokens", "says"), RENEWED.values(), ids=RENEWED.keys())
def test_a_token_that_ends_meanwhile_is_renewed_once(
    tmp_path: Path, tokens: int, says: str
) -> None:
    """An exec plugin is asked again; a server that takes nothing is a gap about credentials."""
    accepted = ["Bearer one"]
    api = "client.authentication.k8s.io/v1"

    def handle(asked: Asked) -> Reply | None:
        if asked.path == PODS:
            accepted[:] = ["Bearer two"]
        good = asked.headers.get("authorization") in accepted or not asked.path.startswith(
            "/api/v1"
        )
        return None if good else status(401, "Unauthorized")

    script = tmp_path / "plugin"
    kept = tmp_path / "asked"
    word = "two" if tokens == 2 else "one"
    script.write_text(
        f"#!/bin/sh\ntoken=one; [ -e {kept} ] && token={word}; echo x >> {kept}\n"
        f"""echo '{{"apiVersion":"{api}","status":{{"token":"'$token'"}}}}'\n"""
    )
    script.chmod(0o700)
    with serving(handle) as server:
        live = collector(tmp_path, server)
        path = tmp_path / "kubeconfig"
        value = json.loads(path.read_text())
        value["users"][0]["user"] = {"exec": {"apiVersion": api, "command": str(script)}}
        path.write_text(json.dumps(value))
        pages = read(live, frozenset({"k8s/Pod"}), tmp_path)
    assert kept.read_text().count("x") == 2
    if not says:
        assert pages.entry.gaps == ()
        return
    (gap,) = [each for each in pages.entry.gaps if each.scope == "k8s/Pod"]
    assert (gap.cause.value, gap.hint[:27]) == ("denied", "the server does not know us")
    assert says in gap.detail


ENCODED = "e30.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6YTpiIn0.c2ln"
WHO = {
    "since 1.28": ((), "canary-token", "tester", "authentication.k8s.io/v1"),
    "1.27": (("v1",), "canary-token", "tester", "authentication.k8s.io/v1beta1"),
    "1.26": (("v1", "v1beta1"), "canary-token", "tester", "authentication.k8s.io/v1alpha1"),
    "before": (
        ("v1", "v1beta1", "v1alpha1"),
        ENCODED,
        "system:serviceaccount:a:b",
        "our token's own claim; the server did not say: HTTP 404",
    ),
    "before, with a token that says nothing": (
        ("v1", "v1beta1", "v1alpha1"),
        "canary-token",
        "",
        "not told: HTTP 404",
    ),
}


@pytest.mark.parametrize(("missing", "token", "name", "via"), WHO.values(), ids=WHO.keys())
def test_who_we_are_on_old_servers(
    tmp_path: Path, missing: tuple[str, ...], token: str, name: str, via: str
) -> None:
    paths = {REVIEW.format(version) for version in missing}

    def handle(asked: Asked) -> Reply | None:
        return status(404, "not found") if asked.path in paths else None

    with serving(handle) as server:
        live = collector(tmp_path, server)
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(kubeconfig.read_text().replace("canary-token", token))
        who = live.examine(KINDS, tmp_path).principal
    assert who.name == name
    assert via in who.via

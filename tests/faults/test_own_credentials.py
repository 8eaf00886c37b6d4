"""A server that repeats what identifies us: no byte of it on a screen, in a result or a bundle."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from kubernetes.config.config_exception import ConfigException

from auditor.errors import CollectionError
from auditor.evidence.blocks import SUFFIX, read_block
from auditor.secrets.forms import forms
from auditor.secrets.own import Own
from collectors.kubernetes.live.kubernetes_client import in_our_words, provider_token
from tests.e2e.command import auditor
from tests.faults.leaking import leaking
from tests.faults.server import Asked, Reply, healthy, json_reply, page, pod, serving, status

TOKEN = "kanari/token+1234567890=="  # noqa: S105 - a canary
PASSWORD = "kanari pass:word 1234567"  # noqa: S105 - a canary
CLIENT_SECRET = "kanari client/secret+123"  # noqa: S105 - a canary
REFRESH = "kanari/refresh+token 456"
PODS = "/api/v1/pods"
MAX_PARALLEL_TARGETS = {"retry-after": "0"}
"""Nobody has to wait until it is asked again."""


def _of(asked: Asked) -> str:
    """What the client sent, as a server writes it into a message."""
    return asked.headers.get("authorization", "")


def _in_every_form(asked: Asked) -> str:
    said = _of(asked)
    secret = said.partition(" ")[2]
    encoded = base64.b64encode(said.encode()).decode()
    return f"{said} {quote(secret, safe='')} {encoded} {json.dumps(json.dumps(secret))}"


def _error(path: str, code: int) -> Callable[[Asked], Reply | None]:
    def handle(asked: Asked) -> Reply | None:
        told = status(code, f"forbidden: {_in_every_form(asked)}")
        return replace(told, headers=MAX_PARALLEL_TARGETS) if asked.path.startswith(path) else None

    return handle


def _html(asked: Asked) -> Reply | None:
    text = f"<html>{_in_every_form(asked)}</html>".encode()
    return Reply(text, 502, "text/html", MAX_PARALLEL_TARGETS) if asked.path == PODS else None


def _media(asked: Asked) -> Reply | None:
    return Reply(b"{}", 200, f"text/{_of(asked)}") if asked.path == PODS else None


def _version(asked: Asked) -> Reply | None:
    if asked.path != "/version":
        return None
    return json_reply({"gitVersion": f"v1.37.0 {_in_every_form(asked)}"})


def _annotation(asked: Asked) -> Reply | None:
    if asked.path != PODS:
        return None
    item = pod("good")
    item["metadata"]["annotations"] = {"said": _in_every_form(asked), "plain": "stays"}
    return page([item])


def _review(asked: Asked) -> Reply | None:
    if asked.method != "POST":
        return None
    user = {"username": f"tester {_of(asked)}", "groups": [_of(asked)]}
    return json_reply({"status": {"userInfo": user, "allowed": True}}, 201)


def _claims(asked: Asked) -> Reply | None:
    """Whoever signs our tokens may write into them what we identify ourselves to him by."""
    if asked.method != "POST":
        return None
    user = {"username": f"tester {CLIENT_SECRET}", "groups": [REFRESH, quote(REFRESH, safe="")]}
    return json_reply({"status": {"userInfo": user, "allowed": True}}, 201)


def _discovery(asked: Asked) -> Reply | None:
    if asked.path != "/apis":
        return None
    group = {
        "metadata": {"name": _of(asked)},
        "versions": [{"version": _of(asked), "resources": []}],
    }
    known = json.loads(healthy(asked).body)
    return json_reply({**known, "items": [*known["items"], group]})


SERVERS: dict[str, Callable[[Asked], Reply | None]] = {
    "a list is refused": _error(PODS, 403),
    "a list is not for us": _error(PODS, 401),
    "a list fails": _error(PODS, 500),
    "everything is refused": _error("/", 403),
    "nothing is for us": _error("/", 401),
    "a page of a proxy": _html,
    "no JSON": _media,
    "the version": _version,
    "an annotation": _annotation,
    "who we are": _review,
    "discovery": _discovery,
    "who we are, by a provider": _claims,
}
ID_TOKEN = ".".join(
    base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=")
    for each in ({"alg": "none"}, {"sub": "tester"}, {"kanari": "signature"})
)
USERS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "a token": ({"token": TOKEN}, (TOKEN,)),
    "a password": (
        {"username": "bob", "password": PASSWORD},
        (PASSWORD, base64.b64encode(f"bob:{PASSWORD}".encode()).decode()),
    ),
    "a provider": (
        {
            "auth-provider": {
                "name": "oidc",
                "config": {
                    "client-id": "auditor",
                    "client-secret": CLIENT_SECRET,
                    "refresh-token": REFRESH,
                    "id-token": ID_TOKEN,
                },
            }
        },
        (ID_TOKEN, CLIENT_SECRET, REFRESH),
    ),
}


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("server", SERVERS)
def test_what_a_server_repeats_of_us_is_nowhere(tmp_path: Path, server: str, user: str) -> None:
    value, secrets = USERS[user]
    with serving(SERVERS[server]) as at:
        config = {
            "current-context": "x",
            "clusters": [{"name": "c", "cluster": {"server": at.url}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": value}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        common = ("k8s://", "--kubeconfig", "kubeconfig", "--profile", "pod-security-baseline")
        kept = ("--passes", "--output", "bundle", "--no-sign", "-o", "json=results.json")
        scanned = auditor("scan", *common, *kept, cwd=tmp_path)
        asked = auditor("doctor", *common, cwd=tmp_path)
    assert scanned.code in {0, 1, 3}, scanned.err
    written = {
        str(path): read_block(path) if path.suffix == SUFFIX else path.read_bytes()
        for path in (*(tmp_path / "bundle").rglob("*"), tmp_path / "results.json")
        if path.is_file()
    }
    assert len(written) > 3, "a bundle is there"
    written["screen"] = f"{scanned.out}{scanned.err}{asked.out}{asked.err}".encode()
    assert leaking(secrets, written.items()) == []
    if server == "an annotation":
        assert any(b'"plain":"stays"' in content for content in written.values())


@pytest.mark.parametrize("secret", [CLIENT_SECRET, REFRESH, ID_TOKEN])
def test_what_a_provider_repeats_is_not_told(secret: str) -> None:
    own = Own((CLIENT_SECRET, REFRESH, ID_TOKEN))
    said = b" ".join(sorted(forms(secret))[:3]).decode()
    whole = f"{'x' * 280} {secret} {said}"
    for text in (whole, secret, said):
        with pytest.raises(CollectionError) as caught, in_our_words("it", own=own):
            raise ConfigException(text)
        assert all(form.decode() not in caught.value.message for form in forms(secret))
        assert secret[:12] not in caught.value.message


def test_what_a_provider_knows_us_by_is_hidden() -> None:
    user, secrets = USERS["a provider"]
    provided = provider_token("k8s://x", user["auth-provider"], 30)
    assert set(provided.secrets) == set(secrets)
    assert provided.authorization == f"Bearer {ID_TOKEN}"

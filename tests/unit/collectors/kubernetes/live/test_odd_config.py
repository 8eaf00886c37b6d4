"""Kubeconfigs in which something odd stands, and identity providers that do not help."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import CollectionError
from collectors.kubernetes.live.address import parse_address
from collectors.kubernetes.live.plugins import Times
from collectors.kubernetes.live.session import open_session
from tests.faults.server import Reply, json_reply, serving
from tests.sweeps import sweep
from tests.unit.collectors.kubernetes.live.kubeconfigs import of_user

ODD: tuple[object, ...] = (
    None,
    7,
    True,
    "",
    "x",
    "x\ny",
    "é",
    [],
    [7],
    [None],
    {},
    {"name": 7},
    "/",
)
WHOLE: Mapping[str, Any] = {
    "current-context": "a",
    "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
    "clusters": [
        {
            "name": "c",
            "cluster": {
                "server": "https://c.invalid",
                "certificate-authority": "x",
                "certificate-authority-data": "eA==",
                "insecure-skip-tls-verify": False,
                "tls-server-name": "c",
                "proxy-url": "http://proxy",
                "extensions": [],
            },
        }
    ],
}
USERS: Mapping[str, Any] = {
    "token": {"token": "t", "as": "j", "as-uid": "7", "as-groups": ["g"], "as-user-extra": {}},
    "file": {"tokenFile": "x", "client-certificate-data": "eA==", "client-key-data": "eA=="},
    "password": {"username": "u", "password": "p"},
    "plugin": {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "false",
            "args": ["x"],
            "env": [{"name": "A", "value": "b"}],
            "provideClusterInfo": True,
            "interactiveMode": "Never",
            "installHint": "x",
        }
    },
    "provider": {
        "auth-provider": {
            "name": "oidc",
            "config": {"id-token": "a.e30.b", "idp-issuer-url": "x", "client-id": "x"},
        }
    },
}


def changed(value: Any) -> Iterator[Any]:
    """Each copy of a value with one thing in it replaced by something odd."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        made: Iterator[object] = iter(ODD)
        if isinstance(item, dict | list):
            made = chain(made, changed(item))
        for odd in made:
            copy = value.copy()
            copy[key] = odd
            yield copy


@pytest.mark.process
@sweep(some=80, whole=1_000)
@pytest.mark.parametrize("user", USERS.values(), ids=USERS.keys())
def test_no_kubeconfig_is_our_bug(tmp_path: Path, user: Mapping[str, Any], size: int) -> None:
    """Whatever stands where something else belongs: it works, or an error says so with a hint."""
    path = tmp_path / "kubeconfig"
    whole = {**WHOLE, "users": [{"name": "u", "user": user}]}
    (tmp_path / "x").write_text("x")
    told = []
    every = list(changed(whole))
    tried = every[:: max(1, len(every) // size)]
    for value in tried:
        path.write_text(json.dumps(value))
        try:
            open_session(
                parse_address("k8s://"), str(path), tmp_path, times=Times(5, 5)
            ).credentials()
        except CollectionError as error:
            told.append(error)
    assert 6 * len(told) > len(tried)
    assert [error.message for error in told if not error.hint] == []


PROVIDERS = {
    "renews over a line that can be read": (
        json_reply({"token_endpoint": "http://127.0.0.1:9/token"}),
        "InsecureTransportError",
    ),
    "says nothing": (Reply(raw=b"", then="hang"), "did not answer within 0.5 s"),
    "says no": (Reply(b"no", 500), "did not renew the token, which has ended"),
    "says no JSON": (Reply(b"<html>"), "JSONDecodeError"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("reply", "says"), PROVIDERS.values(), ids=PROVIDERS.keys())
def test_an_identity_provider_that_can_not_be_used(tmp_path: Path, reply: Reply, says: str) -> None:
    """The library that renews tokens has errors of its own, and would wait for ever."""
    claims = base64.urlsafe_b64encode(b'{"exp": 1}').decode().rstrip("=")
    with serving(lambda _: reply) as server:
        options = {
            "idp-issuer-url": server.url,
            "client-id": "c",
            "client-secret": "canary",
            "id-token": f"e30.{claims}.c2ln",
            "refresh-token": "canary",
            "idp-certificate-authority": "x",
        }
        kubeconfig = of_user(tmp_path, **{"auth-provider": {"name": "oidc", "config": options}})
        with pytest.raises(CollectionError, match=says) as told:
            open_session(parse_address("k8s://"), kubeconfig, tmp_path, times=Times(0.5, 0.5))
    assert told.value.hint
    assert "canary" not in told.value.message

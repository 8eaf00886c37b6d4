"""What stands in the log of a real API server is what we say of its audit policy.

A policy that chance makes, many requests by all kinds of callers, and the log: each request has a
number in its query, by which its events are found. Nobody has any rights, so that requests are
refused and change nothing; they are audited all the same. Callers are named by a proxy whose
certificate the server trusts, since what impersonates somebody is audited by its own name.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import random
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from auditor.analysis.auditing.matching import Matcher
from auditor.analysis.auditing.policy import TITLES, Level, Request
from auditor.analysis.auditing.reading import read_policy
from tests.engines.apiserver import ApiServer, Binaries, running
from tests.sweeps import sweep
from tests.unit.analysis.auditing import policies

ASKED = 400
"""Requests of each policy."""
_METHODS = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}
_ONE = {"get", "update", "patch", "delete"}
_REFUSED = Request("", (), "get", "", "secrets", "", "ml", "a")
"""What a login that is refused asks for."""


def _certificate(
    name: str, above: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above[0].subject if above else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=above is None, path_length=None), critical=True)
    )
    if above:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = builder.add_extension(usage, critical=False)
    return builder.sign(above[1] if above else key, hashes.SHA256()), key


def _proxy(folder: Path) -> tuple[Path, Path]:
    """Write an authority, and a certificate of it with its key."""
    authority = _certificate("proxies", None)
    certificate, key = _certificate("proxy", authority)
    pem = serialization.Encoding.PEM
    of_authority, own = folder / "proxies.pem", folder / "proxy.pem"
    of_authority.write_bytes(authority[0].public_bytes(pem))
    own.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    return of_authority, own


def _path(request: Request, number: int) -> str:
    query = f"number={number}"
    if request.url:
        return f"{request.url}?{query}"
    start = f"/apis/{request.group}/v1" if request.group else "/api/v1"
    where = f"/namespaces/{request.namespace}" if request.namespace else ""
    name = f"/{request.name}" if request.name else ""
    below = f"/{request.subresource}" if request.subresource else ""
    watching = "&watch=true" if request.verb == "watch" else ""
    return f"{start}{where}/{request.resource}{name}{below}?{query}{watching}"


def _sendable(request: Request) -> Request | None:
    """Return the request as one that can be sent, None where there is no such one."""
    if "system:masters" in request.groups or not request.user:
        return None  # who may do everything would; without a name it is another caller
    if request.url:
        return msgspec.structs.replace(request, verb="get")
    if request.resource == "namespaces":
        return None
    named = request.verb in _ONE or bool(request.subresource)
    if request.subresource and request.verb in {"list", "watch", "deletecollection"}:
        return None
    return msgspec.structs.replace(request, name=(request.name or "x") if named else "")


def _sent(server: ApiServer, own: Path, requests: Sequence[Request]) -> None:
    tls = ssl.create_default_context(cafile=server.authority)
    tls.load_cert_chain(own)
    known = http.client.HTTPSConnection("127.0.0.1", server.port, context=tls, timeout=60)
    plain = ssl.create_default_context(cafile=server.authority)
    stranger = http.client.HTTPSConnection("127.0.0.1", server.port, context=plain, timeout=60)
    for number, request in enumerate(requests):
        anonymous = request.user == "system:anonymous"
        connection = stranger if anonymous else known
        connection.putrequest(_METHODS.get(request.verb, "GET"), _path(request, number))
        if not anonymous:
            connection.putheader("X-Remote-User", request.user)
            for group in request.groups:
                if group != "system:authenticated":
                    connection.putheader("X-Remote-Group", group)
        connection.putheader("Content-Length", "2")
        connection.putheader("Content-Type", "application/json")
        connection.endheaders(b"{}")
        connection.getresponse().read()
    stranger.putrequest("GET", _path(_REFUSED, len(requests)))
    stranger.putheader("Authorization", "Bearer nobody-has-this")
    stranger.endheaders()
    assert stranger.getresponse().status == 401
    known.close()
    stranger.close()


def _logged(log: Path) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for line in log.read_text().splitlines() if log.exists() else ():
        event = json.loads(line)
        _, marker, rest = event["requestURI"].partition("?number=")
        if marker:
            found.setdefault(int(rest.partition("&")[0]), []).append(event)
    return found


def _started(binaries: Binaries, folder: Path, policy: Path) -> Iterator[tuple[ApiServer, Path]]:
    authority, own = _proxy(folder)
    options = [
        f"--audit-policy-file={policy}",
        f"--audit-log-path={folder / 'audit.log'}",
        f"--requestheader-client-ca-file={authority}",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
    ]
    with running(binaries, folder, options=options) as server:
        yield server, own


@sweep(1, 15)
def test_the_log(control_plane: Binaries, tmp_path: Path, size: int) -> None:
    dice = random.Random(39)
    reached: Counter[str] = Counter()
    for number in range(size):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = policies.policy(dice)
        made["rules"] = [_narrow(dice) for _ in range(40)]
        _compare(control_plane, folder, made, dice, reached)
    assert set(reached) == {*TITLES, "refused login"}
    assert min(reached[title] for title in TITLES) > ASKED // 40, reached
    assert sum(reached.values()) == size * (ASKED + 1)


def _narrow(dice: random.Random) -> policies.Json:
    """Make a rule that leaves requests for those behind it."""
    while True:
        made = policies.rule(dice)
        about = [made.get(field) for field in ("resources", "namespaces", "nonResourceURLs")]
        if any(about) and any(made.get(field) for field in ("users", "userGroups", "verbs")):
            return made


def _compare(
    binaries: Binaries, folder: Path, made: Any, dice: random.Random, reached: Counter[str]
) -> None:
    policy = folder / "policy.json"
    policy.write_text(json.dumps(made))
    read = read_policy(made).policy
    assert read is not None
    matcher = Matcher(read)
    requests: list[Request] = []
    while len(requests) < ASKED:
        request = _sendable(policies.request(dice))
        if request is not None:
            requests.append(request)
    for server, own in _started(binaries, folder, policy):
        _sent(server, own, requests)
    logged = _logged(folder / "audit.log")
    for number, request in enumerate(requests):
        decision = matcher.decide(request)
        events = logged.get(number, [])
        stages = {event["stage"] for event in events}
        ends = {"RequestReceived", "ResponseComplete"} - decision.omit_stages
        expected = ends if decision.level > Level.NONE else set()
        assert {event["level"] for event in events} <= {decision.level.title}, (request, made)
        assert stages - {"ResponseStarted"} == expected, (request, decision, made)
        assert not stages & decision.omit_stages
        reached[decision.level.title] += 1
    decision = matcher.decide(_REFUSED)
    events = logged.get(len(requests), [])
    traces = decision.level > Level.NONE and "ResponseStarted" not in decision.omit_stages
    assert [event["stage"] for event in events] == (["ResponseStarted"] if traces else [])
    reached["refused login"] += 1


REFUSED = {
    "a level": {"rules": [{"level": "metadata"}]},
    "both": {"rules": [{"level": "None", "nonResourceURLs": ["/a"], "namespaces": ["a"]}]},
    "no rules": {"rules": []},
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_server_that_does_not_start(control_plane: Binaries, tmp_path: Path, name: str) -> None:
    document = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", **REFUSED[name]}
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(document))
    assert read_policy(document).policy is None
    command = [
        control_plane.apiserver,
        f"--audit-policy-file={policy}",
        "--etcd-servers=http://127.0.0.1:1",
        f"--cert-dir={tmp_path}",
        "--service-account-issuer=https://issuer.invalid",
        f"--service-account-key-file={_key(tmp_path)}",
        f"--service-account-signing-key-file={_key(tmp_path)}",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode
    assert "loading audit policy file" in ran.stderr


def _key(folder: Path) -> Path:
    path = folder / "key.pem"
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
    return path

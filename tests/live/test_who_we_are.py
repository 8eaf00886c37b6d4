"""Each way to identify us to a real API server, which says who we then are."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from auditor.model.evidence import Principal
from collectors.http.clock import system_clock
from collectors.kubernetes.live.address import parse_address
from collectors.kubernetes.live.collector import LiveCollector
from tests.e2e.command import auditor
from tests.engines.apiserver import ApiServer, Binaries, running
from tests.live.providers import CLIENT, Provider, Tunnel, provider

NOW_SEEN = "SelfSubjectReview authentication.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Doors:
    """A server with every way in, and what is needed for each."""

    server: ApiServer
    provider: Provider
    authority: Path
    certificate: str
    key: str

    def kubeconfig(self, folder: Path, user: Mapping[str, Any], **cluster: Any) -> Path:
        at = {"server": self.server.url, **cluster}
        if "insecure-skip-tls-verify" not in cluster:
            at["certificate-authority"] = str(self.server.authority)
        config = {
            "current-context": "test",
            "clusters": [{"name": "c", "cluster": at}],
            "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": user}],
        }
        path = folder / "kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(config))
        return path


@pytest.fixture(scope="module")
def doors(control_plane: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("doors")
    authority = folder / "ca.pem"
    issuer = trustme.CA()
    issuer.cert_pem.write_to_path(authority)
    certificate, key = signed_by(issuer, "alice", "team-ml")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("127.0.0.1").configure_cert(tls)
    with ExitStack() as stack:
        known = stack.enter_context(provider(tls))
        options = [
            f"--client-ca-file={authority}",
            f"--oidc-issuer-url={known.url}",
            f"--oidc-client-id={CLIENT}",
            f"--oidc-ca-file={authority}",
            "--oidc-username-prefix=oidc:",
        ]
        server = stack.enter_context(running(control_plane, folder / "server", options=options))
        yield Doors(server, known, authority, certificate, key)


def signed_by(issuer: trustme.CA, name: str, group: str) -> tuple[str, str]:
    """A client's certificate and key: the common name is the user, organisations are groups."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = issuer.private_key_pem.bytes()
    signer = serialization.load_pem_private_key(pem, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    above = x509.load_pem_x509_certificate(issuer.cert_pem.bytes())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, group),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(above.not_valid_before_utc)
        .not_valid_after(above.not_valid_after_utc)
        .add_extension(
            x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return built.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def seen(kubeconfig: Path, folder: Path) -> Principal:
    """Who the server says we are."""
    live = LiveCollector(parse_address("k8s://"), str(kubeconfig), system_clock())
    return live.examine(frozenset({"k8s/Pod"}), folder).principal


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_client_certificate_in_the_kubeconfig(doors: Doors, tmp_path: Path) -> None:
    user = {
        "client-certificate-data": encoded(doors.certificate),
        "client-key-data": encoded(doors.key),
    }
    who = seen(doors.kubeconfig(tmp_path, user), tmp_path)
    assert (who.name, who.via) == ("alice", NOW_SEEN)
    assert who.groups == ("system:authenticated", "team-ml")


def test_a_client_certificate_in_files(doors: Doors, tmp_path: Path) -> None:
    (tmp_path / "me.crt").write_text(doors.certificate)
    (tmp_path / "me.key").write_text(doors.key)
    user = {"client-certificate": "me.crt", "client-key": "me.key"}
    assert seen(doors.kubeconfig(tmp_path, user), tmp_path).name == "alice"


def test_a_client_certificate_of_an_exec_plugin(doors: Doors, tmp_path: Path) -> None:
    api = "client.authentication.k8s.io/v1"
    status = {"clientCertificateData": doors.certificate, "clientKeyData": doors.key}
    credential = {"apiVersion": api, "kind": "ExecCredential", "status": status}
    (tmp_path / "credential.json").write_text(json.dumps(credential))
    plugin = {"apiVersion": api, "command": "cat", "interactiveMode": "Never"}
    user = {"exec": {**plugin, "args": [str(tmp_path / "credential.json")]}}
    kubeconfig = doors.kubeconfig(tmp_path, user)
    assert seen(kubeconfig, tmp_path).name == "alice"
    live = LiveCollector(parse_address("k8s://"), str(kubeconfig), system_clock())
    key = Path(live.open(tmp_path)[0].tls.key)
    assert "PRIVATE" in key.read_text()
    assert key.stat().st_mode & 0o777 == 0o600


def test_who_acts_as_another_is_that_one(doors: Doors, tmp_path: Path) -> None:
    """Also with less: the rights of the other, and not our own."""
    another = {"as": "jane", "as-uid": "7", "as-groups": ["team-a", "team-b"]}
    extra = {"as-user-extra": {"example.org/scopes": ["view"]}}
    user = {"token": doors.server.token, **another, **extra}
    kubeconfig = doors.kubeconfig(tmp_path, user)
    who = seen(kubeconfig, tmp_path)
    assert (who.name, who.uid, who.via) == ("jane", "7", NOW_SEEN)
    assert who.groups == ("system:authenticated", "team-a", "team-b")
    live = LiveCollector(parse_address("k8s://"), str(kubeconfig), system_clock())
    (read,) = live.examine(frozenset({"k8s/Pod"}), tmp_path).reads
    assert not read.allowed, "jane may not list pods"


def oidc(doors: Doors, seconds: float, **more: str) -> dict[str, Any]:
    config = {
        "idp-issuer-url": doors.provider.url,
        "client-id": CLIENT,
        "client-secret": "s",
        "id-token": doors.provider.token("carol", seconds),
        "refresh-token": "again",
        **more,
    }
    return {"auth-provider": {"name": "oidc", "config": config}}


def test_openid_connect(doors: Doors, tmp_path: Path) -> None:
    who = seen(doors.kubeconfig(tmp_path, oidc(doors, 3600)), tmp_path)
    assert who.name == "oidc:carol"


def test_an_openid_token_that_has_ended_is_renewed(doors: Doors, tmp_path: Path) -> None:
    named = {"idp-certificate-authority": str(doors.authority)}
    kubeconfig = doors.kubeconfig(tmp_path, oidc(doors, -60, **named))
    before = kubeconfig.read_bytes()
    assert seen(kubeconfig, tmp_path).name == "oidc:refreshed"
    assert "POST /token" in doors.provider.asked
    assert kubeconfig.read_bytes() == before


def test_no_refresh_token_goes_to_a_server_that_is_not_checked(
    doors: Doors, tmp_path: Path
) -> None:
    asked = len(doors.provider.asked)
    kubeconfig = doors.kubeconfig(tmp_path, oidc(doors, -60))
    done = auditor("doctor", "k8s://", "--kubeconfig", kubeconfig)
    assert done.code == 3
    assert "the kubeconfig names no CA of the identity provider" in done.err
    assert "idp-certificate-authority" in done.err
    assert len(doors.provider.asked) == asked


def test_the_service_account_of_the_pod_that_we_run_in(
    doors: Doors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kubernetes tells a pod by two variables where the server is, and mounts the rest."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(doors.server.port))
    (tmp_path / "ca.crt").write_bytes(doors.server.authority.read_bytes())
    with doors.server.client() as client:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "inside"}}
        client.post("/api/v1/namespaces/default/serviceaccounts", account)
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        path = "/api/v1/namespaces/default/serviceaccounts/inside/token"
        status = client.post(path, asked).body["status"]
    assert isinstance(status, Mapping)
    (tmp_path / "token").write_text(str(status["token"]))
    live = LiveCollector(
        parse_address("k8s+incluster://"), "/nonexistent", system_clock(), account=tmp_path
    )
    found = live.examine(frozenset({"k8s/Pod"}), tmp_path)
    assert found.principal.name == "system:serviceaccount:default:inside"
    assert found.uri == "k8s+incluster://"


def test_no_pod_around_us(tmp_path: Path) -> None:
    done = auditor("scan", "k8s+incluster://", "--format", "json")
    assert done.code == 3
    (gap,) = done.results()["gaps"]
    assert "Service host/port is not set" in gap["detail"]


@pytest.fixture
def tunnel() -> Iterator[Tunnel]:
    made = Tunnel()
    yield made
    made.close()


def test_a_proxy_of_the_kubeconfig(doors: Doors, tmp_path: Path, tunnel: Tunnel) -> None:
    user = {"token": doors.server.token}
    kubeconfig = doors.kubeconfig(tmp_path, user, **{"proxy-url": tunnel.url})
    assert seen(kubeconfig, tmp_path).name == "admin"
    assert set(tunnel.opened) == {f"127.0.0.1:{doors.server.port}"}


def test_a_proxy_of_the_environment(doors: Doors, tmp_path: Path, tunnel: Tunnel) -> None:
    kubeconfig = doors.kubeconfig(tmp_path, {"token": doors.server.token})
    asked = ("doctor", "k8s://", "--kubeconfig", kubeconfig)
    done = auditor(*asked, env={"HTTPS_PROXY": tunnel.url})
    assert "as        admin" in done.out, done.err
    assert set(tunnel.opened) == {f"127.0.0.1:{doors.server.port}"}
    tunnel.opened.clear()
    done = auditor(*asked, env={"HTTPS_PROXY": tunnel.url, "NO_PROXY": "127.0.0.1"})
    assert "as        admin" in done.out, done.err
    assert tunnel.opened == []


def test_a_proxy_that_is_not_there(doors: Doors, tmp_path: Path) -> None:
    user = {"token": doors.server.token}
    kubeconfig = doors.kubeconfig(tmp_path, user, **{"proxy-url": "http://127.0.0.1:9"})
    done = auditor("doctor", "k8s://", "--kubeconfig", kubeconfig)
    assert done.code == 3
    assert "proxy" in done.err.lower()


def test_a_certificate_that_nobody_checked_is_told(doors: Doors, tmp_path: Path) -> None:
    user = {"token": doors.server.token}
    kubeconfig = doors.kubeconfig(tmp_path, user, **{"insecure-skip-tls-verify": True})
    done = auditor("scan", "k8s://?namespace=default", "--kubeconfig", kubeconfig)
    assert done.err == ""
    assert "not read: the server's certificate, insecure-skip-tls-verify is set" in done.out

"""Servers that are none, certificates that are not trusted, and proxies."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from auditor.errors import CollectionError
from tests.faults.clusters import KINDS, PODS, collector, on
from tests.faults.server import Handler, Reply, healthy, page, pod, serving, status
from tests.live.cluster import read

WHOLE = {
    "no JSON at all": (on("/version", Reply(b"<html>", media="text/html")), "text/html, not JSON"),
    "a version of another type": (on("/version", Reply(b"[]")), "Expected `object`"),
    "no discovery": (on("/api", status(403, "no")), "HTTP 403: no"),
    "odd discovery": (on("/apis", Reply(b'{"kind":3}')), "what the server serves"),
    "unauthorised": (lambda _: status(401, "Unauthorized"), "HTTP 401: Unauthorized"),
}


@pytest.mark.parametrize(("handler", "says"), WHOLE.values(), ids=WHOLE.keys())
def test_a_server_that_is_none(tmp_path: Path, handler: Handler, says: str) -> None:
    with serving(handler) as server, pytest.raises(CollectionError, match=r"^k8s://fake: ") as told:
        read(collector(tmp_path, server), KINDS, tmp_path)
    assert says in told.value.message


def test_http_to_a_server_of_https(tmp_path: Path) -> None:
    """What a server in Go says then."""
    said = Reply(b"Client sent an HTTP request to an HTTPS server.\n", 400, "text/plain")
    with serving(lambda _: said) as server, pytest.raises(CollectionError) as told:
        read(collector(tmp_path, server), KINDS, tmp_path)
    assert "https://" in told.value.hint


def test_nobody_listens(tmp_path: Path) -> None:
    with serving(healthy) as server:
        live = collector(tmp_path, server)
    with pytest.raises(CollectionError, match=r"no connection: Connection refused"):
        read(live, KINDS, tmp_path)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


LAST_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
CERTIFICATES = {
    "expired": (("127.0.0.1",), LAST_YEAR, True, "certificate has expired"),
    "of another host": (("elsewhere.example",), None, True, "IP address mismatch"),
    "of another authority": (("127.0.0.1",), None, False, "unable to get local issuer"),
}


@pytest.mark.parametrize(
    ("names", "ends", "known", "says"), CERTIFICATES.values(), ids=CERTIFICATES.keys()
)
def test_a_certificate_that_is_not_trusted(
    tmp_path: Path,
    authority: trustme.CA,
    names: tuple[str, ...],
    ends: datetime | None,
    known: bool,  # noqa: FBT001 - a table
    says: str,
) -> None:
    certificate = authority.issue_cert(*names, not_after=ends)
    trusted = authority if known else trustme.CA()
    path = tmp_path / "ca.pem"
    trusted.cert_pem.write_to_path(str(path))
    with serving(healthy, tls(certificate)) as server:
        live = collector(tmp_path, server, **{"certificate-authority": str(path)})
        with pytest.raises(CollectionError, match="TLS: ") as told:
            read(live, KINDS, tmp_path)
    assert says in told.value.message
    assert "certificate-authority-data" in told.value.hint
    assert server.asked == [], "not even the token was sent"


def test_trusted_tls_and_the_digest_of_its_authority(tmp_path: Path, authority: trustme.CA) -> None:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    with serving(healthy, tls(authority.issue_cert("127.0.0.1"))) as server:
        live = collector(tmp_path, server, **{"certificate-authority": str(path)})
        pages = read(live, KINDS, tmp_path)
    assert pages.entry.gaps == ()
    assert len(pages.entry.authority) == 64
    assert pages.entry.uid == "the-cluster"


def test_tls_that_ends_after_each_answer(tmp_path: Path, authority: trustme.CA) -> None:
    """Without a word in its head, so that the next request finds the connection closed."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    certificate = tls(authority.issue_cert("127.0.0.1"))
    with serving(lambda asked: replace(healthy(asked), then="close"), certificate) as server:
        live = collector(tmp_path, server, **{"certificate-authority": str(path)})
        pages = read(live, KINDS, tmp_path)
    assert pages.entry.gaps == ()
    assert pages.entry.uid == "the-cluster"


@pytest.mark.parametrize("then", ["close", "reset"])
def test_a_kept_connection_that_was_dropped_is_opened_again(tmp_path: Path, then: str) -> None:
    """A balancer that closes what was idle is not a fault; twice without an answer is one."""
    dropped = Reply(raw=b"", then=then)
    with serving(on(PODS, dropped, page([pod("one")]))) as server:
        pages = read(collector(tmp_path, server), KINDS, tmp_path)
    assert pages.entry.gaps == ()
    assert [record.count for record in pages.records if record.kind == "k8s/Pod"] == [1]
    with serving(on(PODS, dropped)) as server:
        pages = read(collector(tmp_path, server), KINDS, tmp_path)
    assert [gap.detail for gap in pages.entry.gaps] == ["the connection ended in the middle"]
    assert [asked.path for asked in server.asked].count(PODS) == 2


def test_a_server_that_never_answered_is_not_asked_twice(tmp_path: Path) -> None:
    silent = Reply(raw=b"", then="close")
    with serving(lambda _: silent) as server, pytest.raises(CollectionError, match="ended in the"):
        read(collector(tmp_path, server), KINDS, tmp_path)
    assert len(server.asked) == 1


def test_a_proxy_is_told_who_we_are(tmp_path: Path) -> None:
    """Its credentials are for it alone, and NO_PROXY is not about it."""
    with serving(healthy) as server:
        proxy = server.url.replace("//", "//bob:p%40w@")
        live = collector(tmp_path, server, **{"proxy-url": proxy})
        path = tmp_path / "kubeconfig"
        path.write_text(path.read_text().replace(f'"{server.url}"', '"http://c.invalid"'))
        pages = read(live, KINDS, tmp_path)
    assert pages.entry.gaps == ()
    told = {asked.headers.get("proxy-authorization") for asked in server.asked}
    assert told == {"Basic Ym9iOnBAdw=="}

"""Engines that are not there, that stop in the middle, or that say something else."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from auditor.errors import CollectionError
from auditor.model.resource import Gap, Resource
from collectors.http.patience import Patience
from tests.faults.clusters import QUICK
from tests.faults.engines import (
    INFO,
    LIST,
    collector,
    container,
    healthy,
    names,
    on,
    one,
    read,
    told,
)
from tests.faults.server import Handler, Reply, Server, json_reply, serving

JSON_LISTS = frozenset({"/version", "/v1.41/info"})


def found(
    folder: Path, handler: Handler, patience: Patience = QUICK
) -> tuple[list[Resource], tuple[Gap, ...]]:
    """The resources and the gaps of an engine that answers so."""
    path = folder / "d.sock"
    with serving(handler, path=path):
        answers = read(collector(f"docker+unix://{path}", patience=patience), folder)
    return told(answers)


def test_a_healthy_engine(tmp_path: Path) -> None:
    resources, gaps = found(tmp_path, healthy)
    assert names(resources) == ["aa", "bb"]
    assert gaps == ()
    assert [each.name for each in resources if each.kind == "docker/Info"] == ["host-1"]


def test_nothing_but_reads_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "d.sock"
    with serving(healthy, path=path) as server:
        read(collector(f"docker+unix://{path}"), tmp_path)
    assert {asked.method for asked in server.asked} == {"GET"}
    assert {asked.path for asked in server.asked} == {
        *("/version", "/v1.41/info", LIST, one("aa"), one("bb"))
    }


def test_no_socket(tmp_path: Path) -> None:
    path = f"{tmp_path}/none.sock"
    said = f"no connection: {re.escape(path)}: No such file"
    with pytest.raises(CollectionError, match=said) as refused:
        read(collector(f"docker+unix://{path}"), tmp_path)
    assert "may we use its socket" in refused.value.hint


def test_not_a_socket(tmp_path: Path) -> None:
    """The system says of a file that it refuses us, which is no help to anybody."""
    (tmp_path / "file.sock").touch()
    for path, what in ((tmp_path / "file.sock", "a file"), (tmp_path, "a folder")):
        said = f"no connection: {re.escape(str(path))} is {what}, and no socket"
        with pytest.raises(CollectionError, match=said):
            read(collector(f"docker+unix://{path}"), tmp_path)


def test_a_socket_that_nobody_listens_on(tmp_path: Path) -> None:
    path = tmp_path / "left.sock"
    with closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(str(path))
    said = f"no connection: {re.escape(str(path))}: Connection refused"
    with pytest.raises(CollectionError, match=said):
        read(collector(f"docker+unix://{path}"), tmp_path)


def test_no_port(tmp_path: Path) -> None:
    """What to try is about the way that was asked for."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(CollectionError, match="no connection: Connection refused") as refused:
        read(collector(f"docker+tls://127.0.0.1:{port}"), tmp_path)
    assert refused.value.hint == "does the engine listen there? 2376 is its usual port with TLS"


SSH = {
    "it complains": (
        "echo banner >&2; echo 'Permission denied (publickey).' >&2; exit 255",
        "no connection: Permission denied (publickey).",
    ),
    "it says nothing": ("exit 255", "the connection ended in the middle"),
    "it ends well": ("echo debug >&2; exit 0", "the connection ended in the middle"),
    "it says much": (
        "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1",
        f"no connection: {'x' * 100}",
    ),
    "it prints something else": (
        "cat >/dev/null & echo Welcome; sleep 9",
        "the answer is not HTTP",
    ),
}


@pytest.mark.parametrize(("code", "says"), SSH.values(), ids=SSH)
def test_an_ssh_that_does_not_get_there(tmp_path: Path, code: str, says: str) -> None:
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\n{code}\n")
    program.chmod(0o755)
    found = f"{tmp_path}:{os.environ['PATH']}"
    with pytest.raises(CollectionError) as refused:
        read(collector("docker+ssh://admin@gpu-7", path=found), tmp_path)
    assert says in refused.value.message
    assert len(refused.value.message) < 400


WHOLE = {
    "no HTTP": (Reply(raw=b"\x00\x01\x02garbage\r\n\r\n", then="close"), "not HTTP"),
    "no JSON": (Reply(b"<html>", media="text/html"), "text/html, not JSON"),
    "another JSON": (json_reply([1]), "Expected `object`"),
    "no version": (json_reply({"ApiVersion": "v2"}), "not a version of the Engine API"),
    "an error": (json_reply({"message": "locked"}, 403), "HTTP 403: locked"),
}


@pytest.mark.parametrize(("reply", "says"), WHOLE.values(), ids=WHOLE.keys())
def test_a_server_that_is_no_engine(tmp_path: Path, reply: Reply, says: str) -> None:
    path = tmp_path / "d.sock"
    with serving(on("/version", reply), path=path), pytest.raises(CollectionError) as refused:
        read(collector(f"docker+unix://{path}"), tmp_path)
    assert says in refused.value.message


def test_a_container_that_goes_meanwhile_is_a_gap_for_it_alone(tmp_path: Path) -> None:
    gone = json_reply({"message": "No such container: aa"}, 404)
    resources, gaps = found(tmp_path, on(one("aa"), gone))
    assert names(resources) == ["bb"]
    assert [(gap.scope, gap.detail) for gap in gaps] == [
        ("docker/Container", "aa: it was listed, and gone when it was asked for")
    ]


CUT = {
    "hung": (Reply(b'{"Id"', length=400, then="hang"), "stopped answering"),
    "cut short": (Reply(b'{"Id"', length=400, then="close"), "before its announced length"),
    "refused": (json_reply({"message": "no"}, 403), "HTTP 403: no"),
    "broken": (json_reply({"message": "oh"}, 500), "HTTP 500 4 times: oh"),
}


@pytest.mark.parametrize(("reply", "says"), CUT.values(), ids=CUT.keys())
def test_one_answer_that_fails(tmp_path: Path, reply: Reply, says: str) -> None:
    resources, gaps = found(tmp_path, on(one("aa"), reply))
    assert names(resources) == ["bb"]
    assert [gap.scope for gap in gaps] == ["docker/Container"]
    assert says in gaps[0].detail


def test_a_list_that_is_refused_is_a_gap_of_its_kind(tmp_path: Path) -> None:
    resources, gaps = found(tmp_path, on(LIST, json_reply({"message": "proxy says no"}, 403)))
    assert names(resources) == []
    assert [gap.scope for gap in gaps] == ["docker/Container"]
    assert gaps[0].hint.startswith("the API is all or nothing")


def test_another_engine_at_the_end_is_a_gap_over_everything(tmp_path: Path) -> None:
    other = json_reply({**INFO, "ID": "CCCC"})
    replies = (json_reply(INFO), json_reply(INFO), other)
    _, gaps = found(tmp_path, on("/v1.41/info", *replies))
    assert [gap.everything for gap in gaps] == [True]
    assert "changed meanwhile" in gaps[0].detail


ODD = {
    "a large label": {**container("aa"), "Config": {"Labels": {"a": "x" * (1 << 19)}}},
    "many labels": {
        **container("aa"),
        "Config": {"Labels": {f"label-{number}": "x" for number in range(50_000)}},
    },
    "no labels": {**container("aa"), "Config": {"Labels": None}},
    "no configuration": {**container("aa"), "Config": {}},
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_odd_containers_are_read(tmp_path: Path, body: object) -> None:
    resources, gaps = found(tmp_path, on(one("aa"), json_reply(body)))
    assert (names(resources), gaps) == (["aa", "bb"], ())


def test_a_label_of_ten_megabytes_is_read(tmp_path: Path) -> None:
    body = {**container("aa"), "Config": {"Labels": {"a": "x" * 10_000_000}}}
    resources, gaps = found(tmp_path, on(one("aa"), json_reply(body)), Patience())
    assert (names(resources), gaps) == (["aa", "bb"], ())
    assert max(len(each.body) for each in resources) > 10_000_000


def test_an_answer_that_is_too_large_is_a_gap_for_it_alone(tmp_path: Path) -> None:
    body = {**container("aa"), "Config": {"Labels": {"a": "x" * 10_000_000}}}
    resources, gaps = found(tmp_path, on(one("aa"), json_reply(body)))
    assert names(resources) == ["bb"]
    assert [gap.detail for gap in gaps] == ["aa: an answer of more than 1,048,576 bytes"]


MALFORMED = {
    "no name": json.dumps({"Id": "aa"}).encode(),
    "a name that is a number": json.dumps({**container("aa"), "Name": 3}).encode(),
    "no object": b"[]",
    "no UTF-8": b'{"Id": "aa", "Name": "/\xff"}',
    "no UTF-8 in a label": b'{"Id": "aa", "Name": "/aa", "Config": {"Labels": {"a": "\xc3("}}}',
    "half a character": b'{"Id": "aa", "Name": "/\\ud800"}',
    "nothing": b"",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_containers_are_gaps(tmp_path: Path, body: bytes) -> None:
    resources, gaps = found(tmp_path, on(one("aa"), Reply(body)))
    assert names(resources) == ["bb"]
    assert [gap.scope for gap in gaps] == ["docker/Container"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls_server(authority: trustme.CA, certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def certificates(folder: Path, authority: trustme.CA, known: trustme.CA | None = None) -> str:
    """The folder of a client: ca.pem, cert.pem and key.pem."""
    client = authority.issue_cert("auditor@example.com")
    (known or authority).cert_pem.write_to_path(str(folder / "ca.pem"))
    client.private_key_pem.write_to_path(str(folder / "key.pem"))
    for number, each in enumerate(client.cert_chain_pems):
        each.write_to_path(str(folder / "cert.pem"), append=number > 0)
    return str(folder)


def address(server: Server) -> str:
    return f"docker+tls://127.0.0.1:{server.port}"


def test_tls_with_a_certificate_of_the_client(tmp_path: Path, authority: trustme.CA) -> None:
    folder = certificates(tmp_path, authority)
    context = tls_server(authority, authority.issue_cert("127.0.0.1"))
    with serving(healthy, context) as server:
        answers = read(collector(address(server), certificates=folder), tmp_path)
    assert answers.entry.gaps == ()
    assert len(answers.entry.authority) == 64


REFUSED = {
    "expired": (("127.0.0.1",), datetime(2025, 1, 1, tzinfo=UTC), True, "has expired"),
    "of another host": (("elsewhere.example",), None, True, "IP address mismatch"),
    "of another authority": (("127.0.0.1",), None, False, "self-signed certificate"),
}


@pytest.mark.parametrize(("hosts", "ends", "known", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_certificate_that_is_not_trusted(
    tmp_path: Path,
    authority: trustme.CA,
    hosts: tuple[str, ...],
    ends: datetime | None,
    known: bool,  # noqa: FBT001 - a table
    says: str,
) -> None:
    folder = certificates(tmp_path, authority, None if known else trustme.CA())
    context = tls_server(authority, authority.issue_cert(*hosts, not_after=ends))
    with serving(healthy, context) as server, pytest.raises(CollectionError) as refused:
        read(collector(address(server), certificates=folder), tmp_path)
    assert says in refused.value.message
    assert "ca.pem" in refused.value.hint


def test_a_key_is_in_no_evidence(tmp_path: Path, authority: trustme.CA) -> None:
    """Not even where the engine says it."""
    folder = certificates(tmp_path, authority)
    key = (tmp_path / "key.pem").read_text().strip()
    said = {**container("aa"), "Config": {"Labels": {"said": key}}}
    context = tls_server(authority, authority.issue_cert("127.0.0.1"))
    held = tmp_path / "held"
    with serving(on(one("aa"), json_reply(said)), context) as server:
        answers = read(collector(address(server), certificates=folder), held)
    bodies = [answers.bodies.body(record) or b"" for record in answers.records]
    assert not [body for body in bodies if key.splitlines()[1].encode() in body]

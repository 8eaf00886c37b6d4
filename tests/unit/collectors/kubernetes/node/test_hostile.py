"""A probe that somebody wrote to do harm: it is refused, or it is resources like any other."""

from __future__ import annotations

import base64
import hashlib
from random import Random

import msgspec
import pytest

from auditor.analysis.nodes.seen import NodesSeen
from auditor.analysis.texts import read_json
from auditor.model.resource import Resource
from collectors.documents.guards import Hints, Unreadable
from collectors.documents.ledger import Ledger
from collectors.kubernetes.node.recogniser import NodeProbe
from tests.sweeps import sweep
from tests.unit.analysis.joining import derived
from tests.unit.collectors.kubernetes.node.trees import POD, STATIC, node, printed, running

pytestmark = pytest.mark.process

WORDS = (
    *("", ".", "..", ".YQ==", ".YQ", "absent", "denied", "odd", "whole", "cut", "node", "static"),
    *("0", "-1", "9" * 20, "9" * 400, "ffffffff", "81a4", "\x00", "é", "end", "stat", "process"),
)
TEXTS = (
    b"kind: KubeletConfiguration\n" + b"a: " + b"[" * 5000,
    b"kind: KubeletConfiguration\nreadOnlyPort: .nan\n",
    b"kind: KubeletConfiguration\n1: 2\nnull: 3\n? [a, b]\n: c\n",
    b"kind: KubeletConfiguration\nfeatureGates: 2026-01-01\nx: !!binary aGk=\n",
    b"kind: KubeletConfiguration\na: &a [*a]\n",
    b"kind: KubeletConfiguration\nb: &b {c: 1}\nd: {<<: *b}\n",
    b"\xff\xfe",
    b"kind: KubeletConfiguration\ntlsCipherSuites: [1, {a: b}]\npodPidsLimit: 1e400\n",
    b"kind: KubeletConfiguration\nstaticPodPath: /\nauthentication: {x509: {clientCAFile: /}}\n",
)


def signed(lines: list[bytes]) -> bytes:
    """A probe with an end that fits, whatever is in it."""
    body = b"\n".join(lines) + b"\n"
    return body + f"end {hashlib.sha256(body).hexdigest()}\n".encode()


def read(data: bytes) -> list[Resource] | None:
    """Its resources, None where it was refused; anything else than that is a fault of ours."""
    probe = NodeProbe(Ledger("t", "a.node-probe", Hints()), data)
    try:
        found = list(probe.resources())
    except Unreadable:
        return None
    for each in found:
        body = msgspec.json.decode(each.body)
        assert body["node"] == each.name
        probe.line(each.document, "/adminCredentials/0/mode")
        probe.lines(each.document, "", body)
    derived(NodesSeen(read_json), found)
    return found


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    root = node(tmp_path_factory.mktemp("node"))
    running(root, 800, "etcd", "etcd", "--data-dir=/a", groups=STATIC, mounts=POD)
    return printed(root).split(b"\n")[:-2]


@sweep(300, 20000)
def test_lines_that_were_changed_and_signed_anew(lines: list[bytes], size: int) -> None:
    random, refused = Random(41), 0
    for _ in range(size):
        changed = list(lines)
        for _ in range(random.randrange(1, 4)):
            at = random.randrange(1, len(changed))
            words = changed[at].split(b" ")
            words[random.randrange(len(words))] = random.choice(WORDS).encode()
            changed[at] = b" ".join(words)
            if random.random() < 0.3:
                del changed[random.randrange(1, len(changed))]
        refused += read(signed(changed)) is None
    assert 0 < refused < size, "some are refused, and some are not"


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_configurations_that_are_none(lines: list[bytes], text: bytes) -> None:
    path = base64.b64encode(b"/var/lib/kubelet/config.yaml")
    changed = [each for each in lines if not each.startswith(b"text ." + path)]
    changed.insert(5, b"text ." + path + b" ." + base64.b64encode(text))
    found = read(signed(changed))
    assert found is not None
    (kubelet,) = (each for each in found if each.kind == "k8s/NodeKubelet")
    (settings,) = msgspec.json.decode(kubelet.body)["settings"]
    assert settings.keys() in ({"path", "unread"}, {"path", "values"})


@sweep(10_000, 100_000)
def test_many_lines_end_in_time(lines: list[bytes], size: int) -> None:
    """The size of a file is bounded; what is in it costs no more than its size."""
    stat = b"stat .%s 81a4 0 0 1 1 ."
    more = [stat % base64.b64encode(b"/etc/kubernetes/pki/%d.key" % n) for n in range(size)]
    found = read(signed([*lines, *more]))
    assert found is not None
    assert len(msgspec.json.decode(found[0].body)["keys"]) == size + 2

"""Kubelets that are asked for their configuration, each over TLS of its own: what they answer.

No kubelet runs without a container runtime: this one speaks its protocol over a real socket, with
certificates of a real authority, and knows its callers as a kubelet does (401 for a token that the
API server does not know, 403 in plain words for one that lacks ``nodes/configz``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme

from auditor.errors import UsageError
from collectors.http.guard import WriteRefusedError
from collectors.kubernetes.live.address import parse_address
from collectors.kubernetes.live.collector import LiveCollector
from collectors.kubernetes.live.kubelets import GUARD
from tests.e2e.runs import Run
from tests.faults.clusters import collector, on
from tests.faults.server import (
    Asked,
    Handler,
    Reply,
    Server,
    healthy,
    json_reply,
    page,
    serving,
    status,
)
from tests.faults.test_live_transport import tls
from tests.live.cluster import read

KIND = "k8s/KubeletConfiguration.kubelet.config.k8s.io"
GOOD = {
    "kind": "KubeletConfiguration",
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "authentication": {
        "anonymous": {"enabled": False},
        "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
    },
    "authorization": {"mode": "Webhook"},
    "streamingConnectionIdleTimeout": "4h0m0s",
    "staticPodURL": "https://pods:canary-password@pods.example/",
    "staticPodURLHeader": {"X-Secret": ["canary-header"]},
}
FORBIDDEN = (
    b"Forbidden (user=system:serviceaccount:auditor:auditor, verb=get, resource=nodes, "
    b"subresource(s)=[configz proxy])\n"
)
ANONYMOUS = "k8s-kubelet-anonymous-allowed"


def kubelet(**settings: object) -> Handler:
    """A kubelet that knows our token."""

    def handle(asked: Asked) -> Reply:
        assert (asked.method, asked.path, asked.query) == ("GET", "/configz", {})
        if asked.headers.get("authorization") != "Bearer canary-token":
            return Reply(b"Unauthorized", 401, "text/plain; charset=utf-8")
        return json_reply({"kubeletconfig": {**GOOD, **settings}})

    return handle


def forbids(_: Asked) -> Reply:
    return Reply(FORBIDDEN, 403, "text/plain; charset=utf-8")


def unknown_caller(_: Asked) -> Reply:
    return Reply(b"Unauthorized", 401, "text/plain; charset=utf-8")


class Scene:
    """A cluster whose authority signs; kubelets are added to it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.kubelets: list[Server] = []
        self._nodes: list[dict[str, Any]] = []
        self._stack = stack

    def add(
        self, name: str, handler: Handler, by: trustme.CA | None = None, host: str = "127.0.0.1"
    ) -> Server:
        """A node with a kubelet whose certificate is for a host, by an authority."""
        certificate = (by or self.authority).issue_cert(host)
        server = self._stack.enter_context(serving(handler, tls(certificate)))
        self.kubelets.append(server)
        self.node(name, "127.0.0.1", server.port)
        return server

    def node(self, name: str, address: str, port: int) -> None:
        status = {
            "addresses": [
                {"type": "Hostname", "address": name},
                {"type": "InternalIP", "address": address},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "nodeInfo": {"machineID": name, "bootID": name},
        }
        self._nodes.append({"metadata": {"name": name, "uid": f"n-{name}"}, "status": status})

    def scanned(
        self,
        target: str = "k8s://?kubelets=configz",
        nodes: Reply | None = None,
        **more: object,
    ) -> dict[str, Any]:
        """The results of a scan, with what was kept under ``kept``."""
        run = Run(profile="cis-kubernetes", list_all=True)
        trusted = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(trusted))
        system = page([{"metadata": {"name": "kube-system", "uid": "the-cluster"}}], "Namespace")
        listed = on("/api/v1/nodes", nodes or page(self._nodes, "Node"))
        names = on("/api/v1/namespaces", system)

        def handle(asked: Asked) -> Reply:
            return listed(asked) or names(asked) or healthy(asked)

        cluster = {"certificate-authority": str(trusted), **more}
        with serving(handle, tls(self.authority.issue_cert("127.0.0.1"))) as server:
            made = collector(self.folder, server, **cluster)
            live: LiveCollector = msgspec.structs.replace(made, address=parse_address(target))
            pages = read(live, run.wanted("k8s://fake"), self.folder)
        document: dict[str, Any] = json.loads(run.results(pages))
        kept = [pages.bodies.body(each) for each in pages.records if each.kind == KIND]
        return {**document, "kept": kept, "asked": [each.path for each in server.asked]}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(tmp_path, stack)


def verdicts(document: dict[str, Any], rule: str = ANONYMOUS) -> dict[str, str]:
    found = (each for each in document["findings"] if each["rule"] == rule)
    return {each["resource"]["name"]: each["verdict"] for each in found}


def of_kubelets(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (gap["cause"], gap["detail"], gap["hint"])
        for gap in document["gaps"]
        if gap["scope"] == KIND
    ]


def state(document: dict[str, Any], control: str) -> str:
    found: str
    (found,) = (
        each["state"]
        for each in document["controls"]
        if (each["framework"], each["id"]) == ("cis-kubernetes", control)
    )
    return found


def test_each_kubelet_says_what_it_does(scene: Scene) -> None:
    good = scene.add("gpu-7", kubelet())
    scene.add("gpu-8", kubelet(authentication={"anonymous": {"enabled": True}}))
    document = scene.scanned()
    assert verdicts(document) == {"gpu-7": "pass", "gpu-8": "fail"}
    assert of_kubelets(document) == []
    assert [each.path for each in good.asked] == ["/configz"]
    assert not [path for path in document["asked"] if "proxy" in path]
    gaps = {gap["scope"]: gap["detail"] for gap in document["gaps"]}
    assert gaps["k8s/NodeFiles"] == "2 nodes were not looked at: gpu-7, gpu-8"
    assert "k8s/NodeKubelet" not in gaps, "its kubelet told"
    assert state(document, "4.2.1") == "not-satisfied"
    assert state(document, "4.2.2") == "satisfied"
    assert state(document, "4.2.7") == "undetermined", "its name is a flag, and in no answer"
    assert len(document["kept"]) == 2
    assert b"canary" not in b"".join(document["kept"])
    assert document["targets"][0]["uri"] == "k8s://fake?kubelets=configz"


def test_nobody_is_asked_unless_a_person_says_so(scene: Scene) -> None:
    silent = scene.add("gpu-7", kubelet())
    document = scene.scanned("k8s://")
    assert silent.asked == []
    assert verdicts(document) == {}
    assert state(document, "4.2.1") == "undetermined"
    with pytest.raises(UsageError, match="kubelets can't be asked for 'exec'"):
        parse_address("k8s://?kubelets=exec")


def test_a_kubelet_that_vouches_for_itself_sees_no_token(scene: Scene) -> None:
    """Its own certificate, one for another address, and no TLS at all."""
    scene.add("good", kubelet())
    own = scene.add("own", kubelet(), by=trustme.CA())
    other = scene.add("other", kubelet(), host="10.9.9.9")
    plain = scene._stack.enter_context(serving(healthy))
    scene.node("plain", "127.0.0.1", plain.port)
    document = scene.scanned()
    assert own.asked == other.asked == plain.asked == []
    assert verdicts(document) == {"good": "pass"}
    causes = {
        detail.partition(":")[0]: (cause, hint) for cause, detail, hint in of_kubelets(document)
    }
    assert set(causes) == {f"kubelet of {name}" for name in ("own", "other", "plain")}
    assert {cause for cause, _ in causes.values()} == {"unreachable"}
    assert "serverTLSBootstrap" in causes["kubelet of own"][1]
    assert state(document, "4.2.1") == "undetermined", "three of four did not tell"


REFUSALS = {
    "forbidden": (forbids, "denied", "HTTP 403: text/plain content"),
    "unknown": (unknown_caller, "denied", "HTTP 401: text/plain content"),
    "a page": (
        lambda _: Reply(b"<html>", 200, "text/html"),
        "malformed",
        "the answer is text/html, not JSON",
    ),
    "no configuration": (
        lambda _: json_reply({"kubeletconfig": {}}),
        "malformed",
        "the answer has no kubeletconfig",
    ),
    "a list": (lambda _: json_reply([GOOD]), "malformed", "the answer is no JSON"),
    "cut": (lambda _: Reply(b'{"kubeletconfig', length=99, then="close"), "truncated", "ended"),
    "too large": (
        lambda _: json_reply({"kubeletconfig": {"a": "b" * (2 << 20)}}),
        "truncated",
        "an answer of more than",
    ),
    "old": (lambda _: Reply(b"404 page not found", 404, "text/plain"), "unsupported", "HTTP 404"),
    "elsewhere": (
        lambda _: Reply(b"", 307, headers={"location": "https://127.0.0.1/api/v1/secrets"}),
        "malformed",
        "HTTP 307",
    ),
}


@pytest.mark.parametrize(("handler", "cause", "said"), REFUSALS.values(), ids=REFUSALS)
def test_a_kubelet_that_does_not_tell(
    scene: Scene, handler: Handler, cause: str, said: str
) -> None:
    """Nothing is passed on its account, and the other one is judged."""
    scene.add("good", kubelet())
    scene.add("odd", handler)
    document = scene.scanned()
    ((found, detail, hint),) = of_kubelets(document)
    assert found == cause
    assert detail.startswith("kubelet of odd: ")
    assert said in detail
    assert ("auditor permissions k8s --kubelets" in hint) is (cause == "denied")
    assert verdicts(document) == {"good": "pass"}
    assert state(document, "4.2.1") == "undetermined"
    gaps = {gap["scope"]: gap["detail"] for gap in document["gaps"]}
    assert gaps["k8s/NodeKubelet"] == "a node was not looked at: odd"


def test_a_configuration_of_other_types(scene: Scene) -> None:
    scene.add("odd", kubelet(readOnlyPort="0"))
    document = scene.scanned()
    assert verdicts(document) == {"odd": "unknown"}


def test_addresses_that_are_none(scene: Scene) -> None:
    """Two nodes that say the same address, one with a name for one, one with none."""
    server = scene.add("a", kubelet())
    scene.node("b", "127.0.0.1", server.port)
    scene.node("c", "kubelet.example", 10250)
    scene.node("d", "", 0)
    scene.node("e", "fe80::1%]@127.0.0.1:1/", server.port)
    scene.node("f", "127.0.0.2", 1 << 16)
    document = scene.scanned()
    assert server.asked == []
    details = {detail for _, detail, _ in of_kubelets(document)}
    assert details == {
        "kubelet of a, b: where it listens is not known: another node says the same",
        "kubelet of c, d, e, f: where it listens is not known: the node does not say",
    }


def test_who_is_silent_is_not_asked_for_long(scene: Scene) -> None:
    with serving(healthy) as closed:
        port = closed.port
    for at in range(6):
        scene.node(f"n{at}", f"127.0.0.{at + 2}", port)
    details = sorted(detail for _, detail, _ in of_kubelets(scene.scanned()))
    assert len(details) == 2
    assert details[0].startswith("kubelet of n0, n1, n2: no connection")
    assert details[1].startswith("kubelet of n3, n4, n5: not asked: 3 requests in a row had no ")


def test_who_only_vouches_for_itself_is_not_silent(scene: Scene) -> None:
    """As all kubelets of kubeadm: those after them are asked."""
    for at in range(4):
        scene.add(f"own-{at}", kubelet(), by=trustme.CA())
    scene.add("proper", kubelet())
    assert verdicts(scene.scanned()) == {"proper": "pass"}


def test_a_cluster_that_tells_of_no_node(scene: Scene) -> None:
    """Nobody is asked then, and nothing passes."""
    silent = scene.add("gpu-7", kubelet())
    document = scene.scanned(nodes=status(403, "nodes is forbidden"))
    assert silent.asked == []
    assert state(document, "4.2.1") == "undetermined"
    assert ("denied", "k8s/Node") in {(gap["cause"], gap["scope"]) for gap in document["gaps"]}


def test_an_authority_that_nobody_names(scene: Scene) -> None:
    """Neither a bundle of others' nor no check at all lets a kubelet see our token."""
    silent = scene.add("gpu-7", kubelet())
    more: dict[str, Any] = {"certificate-authority": None, "insecure-skip-tls-verify": True}
    document = scene.scanned(**more)
    assert silent.asked == []
    ((cause, detail, _),) = of_kubelets(document)
    assert cause == "unreachable"
    assert "does not say which authority" in detail
    assert state(document, "4.2.1") == "undetermined"


@pytest.mark.parametrize(
    "url",
    [
        *("/exec/ml/p/c", "/run/ml/p/c", "/pods", "/logs/", "/containerLogs/a/b/c", "/metrics"),
        *("/configz?x=1", "/configz/", "/configz/../run/a", "/proxy/configz", "/debug/flags/v"),
    ],
)
def test_nothing_else_is_asked_of_a_kubelet(url: str) -> None:
    GUARD.check("GET", "/configz", "")
    for method, each in (("GET", url), ("POST", "/configz"), ("PUT", "/configz")):
        with pytest.raises(WriteRefusedError):
            GUARD.check(method, each, "")

"""What every analysis must keep to, whatever it derives: on the estate, and on odd objects."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.analyses import Analyses
from auditor.analysis.completing import (
    WAITING,
    Completed,
    CompletingAnalysis,
    Waiting,
    waiting_key,
)
from auditor.analysis.protocol import (
    Handed,
    Held,
    JoiningAnalysis,
    ObjectAnalysis,
    Row,
    Site,
    Stage,
)
from auditor.analysis.table import ANALYSES
from auditor.model.fact import Fact
from auditor.model.resource import Gap, Resource, Target
from auditor.platforms import PLATFORMS
from auditor.runner.rows import Rows, encoded_all, joined
from tests.e2e.command import ESTATE
from tests.e2e.runs import collector_of
from tests.policies.shipped import POLICY
from tests.unit.analysis.gpu import objects

CANARY = "ghp_" + "c4N4" * 9
TARGET = Target("estate", "files")
GPU = "nvidia.com/gpu"
UUID = "42344765-bc6d-0ab2-1c40-5a0f7f0f9a11"


@cache
def made() -> Analyses:
    return ANALYSES.made(POLICY.tables)


@cache
def estate() -> tuple[Resource, ...]:
    """All objects of the example estate, and the facts of each."""
    collector = collector_of(ESTATE)
    found: list[Resource] = []
    for shard in collector.plan(lambda _: 1).shards:
        for reading in collector.read(shard):
            if not isinstance(reading, Gap):
                found += reading.resources()
    found += joined_containers()
    facts = [
        fact
        for resource in found
        for analysis in made().of_objects
        for fact in analysis.derive(resource)
        if isinstance(fact, Resource)
    ]
    parts = (running(), routed(), networked(), hosted(), beneath(), virtual(), layered(), steered())
    parts = (*parts, looked_at(), documented())
    return (*found, *facts, *(each for part in parts for each in part))


def joined_containers() -> tuple[Resource, ...]:
    """Two containers of a Docker host, of which one is in the network of the other."""
    return tuple(
        msgspec.structs.replace(
            odd("docker/Container", {"HostConfig": {"NetworkMode": mode}}),
            name=name,
            namespace="",
            uid=name,
        )
        for name, mode in (("a", "host"), ("b", "container:a"))
    )


def running() -> tuple[Resource, ...]:
    """What only a cluster has: nodes, and what was given out on them."""
    shared = [f"GPU-1::{number}" for number in range(3)]
    return (
        objects.node(labels=objects.SHARED, nvidia_com__gpu="8"),
        *(
            objects.pod(f"team-{at}/x", {GPU: 1}, given={GPU: [shared[at]]}, owner="Job")
            for at in range(3)
        ),
        objects.pod("team-3/y", {GPU: 2}),
        objects.pod("ops/z", container={"securityContext": {"privileged": True}}),
        objects.slices(objects.device("gpu-0", uuid="GPU-7"), pool="m"),
        objects.claim("team-0/c", "gpu-0", pool="m"),
        objects.claim("team-1/c", "gpu-0", pool="m"),
    )


def routed() -> tuple[Resource, ...]:
    """A gateway, and a route that uses its plain listener."""
    listeners = [{"name": "web", "protocol": "HTTP"}, {"name": "tls", "protocol": "HTTPS"}]
    group = "gateway.networking.k8s.io"
    route = {"parentRefs": [{"name": "x", "sectionName": "web"}]}
    route["rules"] = [{"backendRefs": [{"name": "x"}]}]
    return (
        odd(f"k8s/Gateway.{group}", {"spec": {"listeners": listeners}}),
        odd(f"k8s/HTTPRoute.{group}", {"spec": route}),
    )


def networked() -> tuple[Resource, ...]:
    """Two workloads with a network of their own, and a policy that is about one of them."""
    of = {"k8s.v1.cni.cncf.io/networks": "rdma"}
    templates = [
        msgspec.structs.replace(
            odd("k8s/PodTemplate", {"metadata": {"labels": {"app": name}, "annotations": of}}),
            name=name,
        )
        for name in ("a", "b")
    ]
    policy = {
        "metadata": {"annotations": {"k8s.v1.cni.cncf.io/policy-for": "rdma"}},
        "spec": {"podSelector": {"matchLabels": {"app": "a"}}},
    }
    every = (*templates, odd("k8s/MultiNetworkPolicy.k8s.cni.cncf.io", policy))
    return tuple(msgspec.structs.replace(each, namespace="serving") for each in every)


COUNTERS = ("event_total", "error_total", "requests_rejected_total")


def steered() -> tuple[Resource, ...]:
    """A static pod of an API server, what kubeadm makes others of, and an audit policy."""
    arguments = ["kube-apiserver", "--audit-log-path=-", f"--etcd-prefix={CANARY}"]
    pod = odd("k8s/Pod", {"spec": {"containers": [{"command": arguments}]}})
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "None"}]}
    configured = {"scheduler": {"extraArgs": {"profiling": "false"}}}
    return (
        msgspec.structs.replace(pod, namespace="kube-system"),
        odd("k8s/ClusterConfiguration.kubeadm.k8s.io", configured),
        odd("k8s/Policy.audit.k8s.io", policy),
        odd("k8s/Cluster.eks.amazonaws.com", {"name": "ml", "version": CANARY}),
        odd(
            "k8s/Flags.component.k8s.io",
            {"component": "kube-apiserver", "flags": {"etcd-prefix": [CANARY]}},
        ),
        odd("k8s/Metrics.apiserver.k8s.io", dict.fromkeys(COUNTERS, 0)),
    )


def hosted() -> tuple[Resource, ...]:
    """A Docker host on which two containers have one GPU."""
    asked = {"DeviceRequests": [{"DeviceIDs": ["0"], "Capabilities": [["gpu"]]}]}
    body = {
        "State": {"Running": True},
        "HostConfig": asked,
        "Config": {"Env": [f"TOKEN={CANARY}"], "Labels": {"token": CANARY}},
    }
    containers = [
        msgspec.structs.replace(odd("docker/Container", body), name=name) for name in ("a", "b")
    ]
    facts = [
        fact
        for analysis in made().of_objects
        for each in containers
        for fact in analysis.derive(each)
        if isinstance(fact, Resource)
    ]
    return (odd("docker/Info", {"Name": "h"}), *containers, *facts)


def beneath() -> tuple[Resource, ...]:
    """The host beneath an engine, with tokens in its settings and its arguments."""
    arguments = ["dockerd", f"--log-opt=splunk-token={CANARY}"]
    rules = {"installed": True, "enabled": 1, "rules": ["-w /etc"], "links": {}, "paths": {}}
    bodies = {
        "Processes": {"engines": [{"arguments": arguments}], "proxies": 0},
        "Settings": {"settings": {"log-opts": {"token": CANARY}}},
        "Keys": {"files": [], "folders": [], "account": {"user": 0, "group": 0}},
        "Mounts": {"mounts": [{"path": "/", "device": "8:1"}]},
        "AuditRules": rules,
    }
    info = odd("docker/Info", {"DockerRootDir": "/var/lib/docker"})
    return (info, *(odd(f"docker/Host{kind}", body) for kind, body in bodies.items()))


def virtual() -> tuple[Resource, ...]:
    """A host of a vCenter with two machines that take turns on its GPU."""
    gpu = {"pciId": "0000:3b:00.0", "graphicsType": "sharedDirect", "vm": ["vm-1", "vm-2"]}
    host = {"moid": "host-1", "config": {"graphicsInfo": [gpu]}}
    backing = {"type": "VirtualPCIPassthroughVmiopBackingInfo", "vgpu": "grid_a100-20c"}
    devices = [{"type": "VirtualPCIPassthrough", "backing": backing}]
    machines = [
        {
            "moid": f"vm-{number}",
            "path": f"/A/vm/team-{number}/x",
            "config": {"hardware": {"device": devices}, "extraConfig": {"guestinfo.token": CANARY}},
            "runtime": {"powerState": "poweredOn", "host": "host-1"},
        }
        for number in (1, 2)
    ]
    machines[0]["config"]["uuid"] = UUID
    found = (odd("vsphere/VirtualMachine", body) for body in machines)
    named = (msgspec.structs.replace(each, name=f"x{at}") for at, each in enumerate(found))
    role = {"roleId": 12, "name": "gpu-admin", "privilege": ["Host.Config.PciPassthru"]}
    given = {"principal": "CORP\\ml", "roleId": 12, "path": "/A/vm", "note": CANARY}
    rights = (odd("vsphere/Role", role), odd("vsphere/Permission", given))
    return (odd("vsphere/Host", host), *named, *rights)


def layered() -> tuple[Resource, ...]:
    """A node that is the first of the machines, and a pod that has its GPU."""
    status = {"capacity": {GPU: "1"}, "nodeInfo": {"systemUUID": UUID}}
    return (
        objects.resource("Node", "vm", spec={"providerID": f"vsphere://{UUID}"}, status=status),
        objects.pod("team-5/x", {GPU: 1}, on="vm"),
    )


def looked_at() -> tuple[Resource, ...]:
    """What a script saw on a node: its kubelet, and a kube-proxy."""
    settings = [{"path": "/k.yaml", "values": {"readOnlyPort": 0, "staticPodURLHeader": CANARY}}]
    kubelet = {"node": "n", "flags": {"config": ["/k.yaml"]}, "hidden": [], "settings": settings}
    proxy = {"component": "kube-proxy", "flags": {"token": [CANARY]}, "hidden": [], "variables": {}}
    return (
        odd("k8s/NodeKubelet", {**kubelet, "probe": {"boot": "b", "machine": "m"}}),
        odd("k8s/NodeComponents", {"node": "n", "components": [proxy]}),
    )


def documented() -> tuple[Resource, ...]:
    """What a scanner and its database say of an image that is used, and of one that is not."""
    template = {"spec": {"containers": [{"name": "n", "image": "r.io/app:1"}]}}
    fault = {"id": "CVE-0000-0001", "severity": "critical", "package": "libx", "fixedIn": "2"}
    about = {"scanner": "Trivy", "version": "1", "created": "2026-11-20", "faults": [fault]}
    made = [{"createdBy": f"RUN /bin/sh -c curl -H 'Authorization: Bearer {CANARY}' x # buildkit"}]
    about |= {"history": made, "environment": [f"TOKEN={CANARY}"]}
    reports = (
        odd("image/Report", {**about, "image": {"names": [name]}, "classes": ["os-pkgs"]})
        for name in ("r.io/app:1", "r.io/base:1")
    )
    database = {"scanner": "Trivy", "version": "1", "updated": "2026-11-29"}
    said = {"faults": ["CVE-0000-0001"], "status": "fixed", "products": [{"of": "pkg:apk/libx"}]}
    return (
        msgspec.structs.replace(odd("k8s/PodTemplate", template), namespace="serving"),
        *(msgspec.structs.replace(each, name=f"x{at}") for at, each in enumerate(reports)),
        odd("image/Database", database),
        odd("image/Sbom", {"image": {}, "form": "SPDX"}),
        odd("image/Signature", {"image": {}, "form": "cosign"}),
        odd("image/Statements", {"form": "OpenVEX", "author": "acme", "statements": [said]}),
    )


def site() -> Site:
    return Site(TARGET, "e" * 64, lambda document, pointer: document + len(pointer))


def lines(analysis: JoiningAnalysis, resources: tuple[Resource, ...]) -> list[bytes]:
    rows = Rows(Analyses((), (analysis,)))
    for resource in resources:
        if resource.kind in analysis.reads:
            rows.extract(analysis, resource, site())
    return rows.lines()


def facts(analysis: JoiningAnalysis, found: list[bytes]) -> list[Fact | Gap]:
    """What is derived of lines, and for one of the run of what others hand on to it."""
    if analysis.stage is Stage.RUN:
        found = [*found, *handed(analysis.id)]
    derived = [
        fact for each, groups in joined((analysis,), sorted(found)) for fact in each.derive(groups)
    ]
    return [each for each in derived if not isinstance(each, Handed)]


@cache
def handed(to: str) -> tuple[bytes, ...]:
    """What the analyses of targets hand on to one of the run, of the whole estate."""
    return tuple(
        line
        for analysis in made().joining
        for each, groups in joined((analysis,), lines(analysis, estate()))
        for found in each.derive(groups)
        if isinstance(found, Handed) and found.to == to
        for line in encoded_all([(to, row) for row in found.rows()])
    )


COMPLETING = [pytest.param(each, id=each.id) for each in made().completing]
JOINING = [pytest.param(each, id=each.id) for each in made().joining]
OF_OBJECTS = [pytest.param(each, id=each.id) for each in made().of_objects]


def test_each_has_a_name_of_its_own() -> None:
    names = [each.id for each in (*made().of_objects, *made().with_rows)]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalnum() for name in names)


def test_each_makes_facts_that_a_platform_knows() -> None:
    makers: dict[str, list[frozenset[str]]] = {}
    for each in made().all:
        for kind, fields in each.feeds.items():
            makers.setdefault(kind, []).extend([] if each.stage is Stage.RUN else [fields[""]])
    assert makers.keys() == PLATFORMS.facts
    for rests in makers.values():
        assert sum(map(len, rests)) == len(frozenset().union(*rests)), "one analysis a kind"
    for kind in {kind for each in made().joining for kind in each.feeds}:
        prefixes = [{name.partition("/")[0] for name in kinds} for kinds in makers[kind]]
        assert sum(map(len, prefixes)) == len(set().union(*prefixes)), "one analysis a platform"
    for each in made().all:
        for fields in each.feeds.values():
            assert fields[""], "a fact rests on something"
            assert all(PLATFORMS.has(kind) for kinds in fields.values() for kind in kinds)


@pytest.mark.parametrize("analysis", JOINING)
def test_cutting_the_estate_changes_no_fact(analysis: JoiningAnalysis) -> None:
    whole = facts(analysis, lines(analysis, estate()))
    assert whole, "the estate shows what it does"
    dice = random.Random(7)
    for parts in (2, 5, 17):
        shuffled = list(estate())
        dice.shuffle(shuffled)
        cut = [line for at in range(parts) for line in lines(analysis, tuple(shuffled[at::parts]))]
        assert facts(analysis, cut) == whole


@pytest.mark.parametrize("analysis", JOINING)
def test_a_fact_says_where_it_is_from(analysis: JoiningAnalysis) -> None:
    keys = set()
    for fact in facts(analysis, lines(analysis, estate())):
        if isinstance(fact, Gap):
            assert (fact.target, fact.scope in PLATFORMS.kinds) == (TARGET.uri, True)
            continue
        assert isinstance(fact, Fact)
        assert fact.kind in analysis.feeds
        assert (fact.kind, fact.key, fact.subject.identity) not in keys
        keys.add((fact.kind, fact.key, fact.subject.identity))
        body: dict[str, Any] = msgspec.json.decode(fact.body)
        for origin in fact.origins:
            assert (origin.target, origin.digest) == (TARGET.uri, "e" * 64)
            assert origin.source
        for start, spot in fact.elsewhere:
            assert start.startswith("/")
            assert spot is None or spot.of <= len(fact.related)
        said = set(analysis.feeds[fact.kind])
        derived = {start.split("/")[1] for start, spot in fact.elsewhere if spot is None}
        assert derived <= said | set(body), "what is concluded is in the body, or rests on kinds"
        if analysis.stage is Stage.TARGET:
            assert {target for target, _ in fact.draws_on} == {TARGET.uri}


@pytest.mark.parametrize("analysis", JOINING)
def test_no_secret_is_in_a_row_or_a_fact(analysis: JoiningAnalysis) -> None:
    hidden = tuple(
        msgspec.structs.replace(each, body=planted(each.body), clean=False) for each in estate()
    )
    found = lines(analysis, hidden)
    assert found
    assert [line for line in found if CANARY.encode() in line] == []
    for fact in facts(analysis, found):
        assert CANARY not in repr(fact)


def planted(body: bytes) -> bytes:
    """An object with a secret in a place of each kind."""
    value = msgspec.json.decode(body)
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if isinstance(metadata, dict):
        for name, more in (
            ("annotations", {"note": CANARY, "password": CANARY}),
            ("labels", {"token": CANARY}),
        ):
            kept = metadata.get(name)
            metadata[name] = {**(kept if isinstance(kept, dict) else {}), **more}
        value["spec"] = {**(value.get("spec") or {}), "token": CANARY}
    return msgspec.json.encode(value)


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)
ODD = st.recursive(
    SCALARS | st.floats(allow_nan=False),
    lambda deep: st.lists(deep, max_size=3) | st.dictionaries(st.text(max_size=5), deep),
    max_leaves=8,
)
FIELDS = ("metadata", "spec", "labels", "annotations", "template", "podSelector", "hard", "owner")
NAMES = st.sampled_from(FIELDS)
OBJECTS = st.dictionaries(NAMES, ODD | st.dictionaries(NAMES, ODD))


def odd(kind: str, body: object) -> Resource:
    return Resource(
        kind=kind,
        api_version="v1",
        name="x",
        namespace="ml",
        uid="u",
        source="a.yaml",
        document=0,
        line=3,
        body=msgspec.json.encode(body),
        clean=True,
    )


@pytest.mark.parametrize("analysis", JOINING)
@given(st.data())
def test_odd_objects_cost_no_others(analysis: JoiningAnalysis, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(analysis.reads)))
    found = lines(analysis, (odd(kind, data.draw(OBJECTS)), *few(analysis)))
    derived = facts(analysis, found)
    assert all(isinstance(fact, Fact | Gap) for fact in derived)
    assert len(derived) >= len(facts(analysis, lines(analysis, few(analysis)))) - 1


def few(analysis: JoiningAnalysis) -> tuple[Resource, ...]:
    return tuple(each for each in estate() if each.kind in analysis.reads)[:20]


@pytest.mark.parametrize("analysis", OF_OBJECTS)
@given(body=OBJECTS, kind=st.sampled_from(["k8s/Pod", "k8s/Deployment", "k8s/Odd.a.example"]))
def test_odd_objects_are_derived_of_or_told(
    analysis: ObjectAnalysis, body: object, kind: str
) -> None:
    resource = odd(kind, body)
    found = list(_of(analysis, resource))
    assert found == list(_of(analysis, resource)), "the same each time"
    for each in found:
        if isinstance(each, Resource):
            assert each.kind in analysis.feeds
            assert each.parent == resource


def _of(analysis: ObjectAnalysis, resource: Resource) -> Iterator[Resource | Gap]:
    return analysis.derive(resource)


def completed(
    analysis: CompletingAnalysis, around: tuple[Resource, ...], facts_of: tuple[Resource, ...]
) -> list[Completed]:
    """What becomes of facts, of which rules read all, among some objects."""
    rows = Rows(Analyses((), (), (analysis,)))
    for resource in around:
        if resource.kind in analysis.reads:
            rows.extract(analysis, resource, site())
    for fact in facts_of:
        aspects = analysis.awaits(fact) if fact.kind in analysis.completes else ()
        if aspects:
            body = msgspec.json.decode(fact.body)
            waiting = Waiting(fact.kind, aspects, body if isinstance(body, dict) else {}, ())
            origin = site().origin(fact)
            key = waiting_key(fact.namespace, origin, waiting, alone=True)
            rows.add(
                analysis, Row(key, WAITING, origin, msgspec.json.encode(waiting), Held((), b""))
            )
    return [
        each
        for one, groups in joined((analysis,), rows.lines())
        for each in one.complete(groups)
        if isinstance(each, Completed)
    ]


@pytest.mark.parametrize("analysis", COMPLETING)
def test_what_completes_names_kinds_and_facts(analysis: CompletingAnalysis) -> None:
    assert set(analysis.completes) <= PLATFORMS.facts
    kinds = {
        kind
        for aspects in analysis.completes.values()
        for aspect in aspects.values()
        for kind in aspect.kinds
    }
    assert kinds == analysis.reads
    assert all(PLATFORMS.has(kind) and kind not in PLATFORMS.facts for kind in kinds)


@pytest.mark.parametrize("analysis", COMPLETING)
@given(st.data())
def test_odd_objects_complete_nothing_or_something(
    analysis: CompletingAnalysis, data: st.DataObject
) -> None:
    around = tuple(odd(kind, data.draw(OBJECTS)) for kind in sorted(analysis.reads))
    facts_of = tuple(odd(kind, data.draw(OBJECTS)) for kind in sorted(analysis.completes))
    waiting = [fact for fact in facts_of if analysis.awaits(fact)]
    found = completed(analysis, around, facts_of)
    assert len(found) == len(waiting), "each that waits gets an answer"
    for each in found:
        assert all(spot is None or spot.of <= len(each.related) for _, spot in each.spots)


@pytest.mark.parametrize("analysis", COMPLETING)
def test_the_estate_is_completed(analysis: CompletingAnalysis) -> None:
    found = completed(analysis, estate(), estate())
    assert found
    for each in found:
        assert set(each.waiting.aspects) <= set(analysis.completes[each.waiting.kind])
        assert all(origin.line for origin in each.related)


@pytest.mark.parametrize("analysis", COMPLETING)
def test_no_secret_is_in_what_completes(analysis: CompletingAnalysis) -> None:
    rows = Rows(Analyses((), (), (analysis,)))
    for each in estate():
        if each.kind in analysis.reads:
            hidden = msgspec.structs.replace(each, body=planted(each.body), clean=False)
            rows.extract(analysis, hidden, site())
    assert rows.lines()
    assert [line for line in rows.lines() if CANARY.encode() in line] == []

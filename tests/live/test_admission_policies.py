"""An exported rule, applied to a real API server, decides as we do.

The server is asked for each object twice: without the label that a binding selects by, which gives
the object as the server completes it, and with it, which gives the decision. Ours is on that very
object. Nothing is stored.
"""

from __future__ import annotations

import copy
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auditor.cli.wires.resources import api_resource_of
from auditor.engine.kinds import KindPlan
from auditor.engine.tally import counts
from auditor.errors import UsageError
from auditor.exports.admission import export
from auditor.exports.lists import lists_of
from auditor.model.enums import Verdict
from auditor.platforms import PLATFORMS
from auditor.platforms.kubernetes import GROUPS
from auditor.policy import CompiledProfile, policies_folder
from auditor.policy.compiled import ActiveRule
from auditor.runner.job import compiled_profile
from auditor.runner.settings import Chosen
from collectors.kubernetes.live.discovery import Served, discover
from tests.e2e.command import auditor
from tests.e2e.runs import compiled_policies
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client, Reply, Request
from tests.live import cluster as clusters
from tests.live.pss_cases import mixed_cases
from tests.sweeps import sweep

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
LABEL = "auditor-asks"
SECONDS = 60.0
WIDE = {"ClusterPolicy", "Profile", "SecurityContextConstraints"}
"""Custom kinds that no namespace holds."""
SEED = 11


@dataclass(frozen=True, slots=True)
class Asked:
    """A server with a policy for each rule that can be exported."""

    client: Client
    served: Mapping[str, Served]
    rules: Mapping[str, ActiveRule]
    plans: dict[tuple[str, str], KindPlan] = field(default_factory=dict)
    made: dict[tuple[str, str], Made | None] = field(default_factory=dict)
    """Examples by their rule and their text, as the server completed them."""


@pytest.fixture(scope="module")
def profile() -> CompiledProfile:
    return compiled_profile(Chosen((policies_folder(),), "ai-platform", (), compiled_policies()))


@pytest.fixture(scope="module")
def asked(
    apiserver: ApiServer, profile: CompiledProfile, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("admission")
    kubeconfig = clusters.write_kubeconfig(folder / "admin.json", apiserver, apiserver.token)
    _, reader = clusters.collector(kubeconfig).open(folder)
    with apiserver.client() as client:
        rules = dict(exportable(profile))
        for definition in (*clusters.definitions(), *custom_kinds(rules)):
            client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
        for name, active in rules.items():
            apply(client, name, active)
        served = wait_for_kinds(lambda: discover(reader).served)
        found = Asked(client, served, rules)
        try:
            wait_for_policies(found)
            yield found
        finally:
            for name in rules:
                path = f"{ADMISSION}/validatingadmissionpolicybindings/auditor-{name}"
                client.send(Request("DELETE", path))
                path = f"{ADMISSION}/validatingadmissionpolicies/auditor-{name}"
                client.send(Request("DELETE", path))


def custom_kinds(rules: Mapping[str, ActiveRule]) -> Iterator[dict[str, object]]:
    """A definition of each custom kind that rules are about."""
    for kind in sorted({kind for active in rules.values() for kind in active.rule.applies_to}):
        name, dot, group = kind.partition("/")[2].partition(".")
        if dot and group not in GROUPS:
            yield clusters.definition(
                group, name, "v1", "Cluster" if name in WIDE else "Namespaced"
            )


def exportable(profile: CompiledProfile) -> Iterator[tuple[str, ActiveRule]]:
    for active in profile.rules:
        try:
            export(active, api_resource_of, lists_of, "Deny")
        except UsageError:
            continue
        yield active.rule.id, active


def apply(client: Client, name: str, active: ActiveRule) -> None:
    """Create a policy whose binding only looks at objects with a label of its own."""
    found = export(active, api_resource_of, lists_of, "Deny")
    reply = client.post(f"{ADMISSION}/validatingadmissionpolicies", found.policy)
    assert reply.status == 201, (name, reply)
    binding: dict[str, Any] = json.loads(json.dumps(found.binding))
    binding["spec"]["matchResources"] = {"objectSelector": {"matchLabels": {LABEL: name}}}
    reply = client.post(f"{ADMISSION}/validatingadmissionpolicybindings", binding)
    assert reply.status == 201, (name, reply)


def wait_for_kinds(discovered: Callable[[], Mapping[str, Served]]) -> Mapping[str, Served]:
    deadline = time.monotonic() + SECONDS
    while True:
        found = discovered()
        if "k8s/RayService.ray.io" in found:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.1)


def wait_for_policies(asked: Asked) -> None:
    """Until each policy has refused an example of its rule that fails."""
    deadline = time.monotonic() + SECONDS
    waiting: dict[str, Made] = {}
    for name, active in asked.rules.items():
        for kind, body in examples(active):
            whole = example(asked, name, kind, body)
            if whole is not None and verdict(asked, active, whole) is Verdict.FAIL:
                waiting[name] = whole
                break
    assert len(waiting) > 50
    while waiting:
        for name, made in list(waiting.items()):
            if decision(asked, name, made).status == 201:
                break  # the server takes up what is new once in a while, and then all of it
            del waiting[name]
        assert time.monotonic() < deadline, sorted(waiting)
        time.sleep(0.1 if waiting else 0)


def examples(active: ActiveRule) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rule's own examples, by the kind that the server is asked about."""
    kinds = active.rule.applies_to
    for example in active.rule.examples:
        body = json.loads(example.body)
        kind = f"k8s/{body.get('kind', '')}"
        if "k8s/PodTemplate" in kinds:
            yield "k8s/Pod", body
        else:
            yield next((each for each in kinds if each.partition(".")[0] == kind), kinds[0]), body


@dataclass(frozen=True, slots=True)
class Made:
    """An object as it is sent, and as the server completes it."""

    kind: str
    sent: dict[str, Any]
    whole: dict[str, Any]


def completed(asked: Asked, kind: str, body: Mapping[str, Any]) -> Made | None:
    """An example as the server completes it; None when it is not a valid object."""
    sent = filled(asked.served[kind], kind, body)
    reply = _create(asked, kind, sent)
    return Made(kind, sent, dict(reply.body)) if reply.status == 201 else None


def example(asked: Asked, name: str, kind: str, body: Mapping[str, Any]) -> Made | None:
    """An example of a rule as the server completes it, asked for once."""
    key = (name, json.dumps(body))
    if key not in asked.made:
        asked.made[key] = completed(asked, kind, body)
    return asked.made[key]


def filled(served: Served, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """An example with what every object must have; examples only hold what matters."""
    made: dict[str, Any] = copy.deepcopy(dict(body))
    made.pop("owner", None)
    made |= {"apiVersion": served.api_version, "kind": kind[4:].partition(".")[0]}
    made["metadata"] = {"name": "asked", **(made.get("metadata") or {})}
    made["metadata"].pop("namespace", None)
    if kind == "k8s/Pod":
        spec = made.setdefault("spec", {})
        for name in ("initContainers", "containers"):
            for number, container in enumerate(spec.get(name) or ()):
                container.setdefault("name", f"{name[0]}{number}")
                container.setdefault("image", "registry.invalid/a:1")
        spec.setdefault("containers", [{"name": "c0", "image": "registry.invalid/a:1"}])
    return made


def decision(asked: Asked, name: str, made: Made) -> Reply:
    """The server's answer to an object that has the label of a rule's binding."""
    sent = copy.deepcopy(made.sent)
    labels = sent["metadata"].get("labels") or {}
    sent["metadata"]["labels"] = {**labels, LABEL: name}
    return _create(asked, made.kind, sent)


def _create(asked: Asked, kind: str, body: Mapping[str, Any]) -> Reply:
    path = asked.served[kind].path("default")
    return asked.client.post(f"{path}?dryRun=All", body)


def verdict(asked: Asked, active: ActiveRule, made: Made) -> Verdict:
    """Ours, the worst of all elements."""
    fact = "k8s/PodTemplate" if made.kind == "k8s/Pod" else made.kind
    body = json.loads(json.dumps(made.whole))
    body["metadata"].pop("resourceVersion", None)
    raw = json.dumps(body).encode()
    plan = asked.plans.get((active.rule.id, fact))
    if plan is None:
        plan = KindPlan(PLATFORMS.shape_of(fact), [(0, active)], list_all=frozenset(), memo=False)
        asked.plans[active.rule.id, fact] = plan
    tally = sum(judged.tally for judged in plan.judge(raw, clean=False))
    found = {kind for _, kind, _ in counts(tally)}
    for worst in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS):
        if worst in found:
            return worst
    return Verdict.NOT_APPLICABLE


def compare(asked: Asked, name: str, made: Made) -> Verdict:
    """One object: refused exactly where we say fail or unknown, for the reason that we give."""
    active = asked.rules[name]
    ours = verdict(asked, active, made)
    reply = decision(asked, name, made)
    refused = f"ValidatingAdmissionPolicy 'auditor-{name}'" in reply.message
    assert refused is (reply.status != 201), reply
    assert refused is (ours in {Verdict.FAIL, Verdict.UNKNOWN}), (name, ours, reply, made)
    if ours is Verdict.FAIL:
        assert f"denied request: {active.rule.title} ({name})" in reply.message, reply
    return ours


def test_examples(asked: Asked, record_property: Callable[[str, object], None]) -> None:
    seen: Counter[str] = Counter()
    for name, active in asked.rules.items():
        for kind, body in examples(active):
            whole = example(asked, name, kind, body)
            if whole is None:
                seen["no valid object"] += 1
            else:
                seen[compare(asked, name, whole).value] += 1
    assert seen["fail"] > 150
    assert seen["pass"] > 150
    record_property("compared", f"{len(asked.rules)} exported rules, their examples: {dict(seen)}")


@sweep(some=6, whole=60)
def test_generated_pods(
    asked: Asked, record_property: Callable[[str, object], None], size: int
) -> None:
    """Pods that explore every field of the Pod Security Standards, by every rule about pods."""
    seen: Counter[str] = Counter()
    about = [
        name for name, each in asked.rules.items() if "k8s/PodTemplate" in each.rule.applies_to
    ]
    for case in mixed_cases(SEED, size):
        whole = completed(asked, "k8s/Pod", case.pod())
        if whole is not None:
            for name in about:
                seen[compare(asked, name, whole).value] += 1
    assert seen["fail"] > 5 * size
    assert seen["pass"] > 5 * size
    record_property("compared", f"{len(about)} exported rules on {size} pods: {dict(seen)}")


REFUSED = {
    "k8s-resource-quota-missing": "it needs k8s/ResourceQuota, and admission sees one object",
    "k8s-manifest-duplicate-key": "it is about how files are written",
    "k8s-secret-in-arguments": "it rests on values that are redacted",
    "k8s-liveness-probe-missing": "it reads the owner of the template",
    "k8s-secret-committed": "it is about how files are written",
}


@pytest.mark.parametrize(("name", "reason"), REFUSED.items(), ids=REFUSED.keys())
def test_what_admission_can_not_decide(name: str, reason: str) -> None:
    done = auditor("rules", "export", name)
    assert (done.code, done.out) == (2, "")
    assert reason in done.err


def test_the_command_prints_what_can_be_applied(
    apiserver: ApiServer, kubectl: Any, tmp_path: Path
) -> None:
    done = auditor("rules", "export", "k8s-container-privileged", "--action", "Warn")
    assert done.code == 0
    assert done.out.startswith("# Container runs privileged. Needs Kubernetes 1.30.\n")
    admin = clusters.write_kubeconfig(tmp_path / "admin.json", apiserver, apiserver.token)
    arguments = ("apply", f"--kubeconfig={admin}", "--dry-run=server", "-f", "-")
    applied = kubectl.run(*arguments, stdin=done.out.encode())
    assert applied.returncode == 0, applied.stderr

"""Asks a real API server what its pod security admission says about a pod."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.engines.client import Client, Reply, Request
from tests.live.pss_cases import BASES, PERMANENT, Case

LEVELS = ("baseline", "restricted")
NEWEST = 37
"""The minor version of the server that is asked."""

LATEST = -1
"""Stands for the version ``latest``."""

REASONS: Mapping[str, str] = {
    "allowPrivilegeEscalation != false": "privilege-escalation",
    "forbidden AppArmor profile": "apparmor",
    "forbidden AppArmor profiles": "apparmor",
    "forbidden sysctls": "sysctls",
    "host namespaces": "host-namespaces",
    "hostPath volumes": "host-path-volumes",
    "hostPort": "host-ports",
    "hostProcess": "windows-host-process",
    "non-default capabilities": "capabilities",
    "privileged": "privileged",
    "probe or lifecycle host": "host-probes",
    "procMount": "proc-mount",
    "restricted volume types": "volume-types",
    "runAsNonRoot != true": "run-as-non-root",
    "runAsUser=0": "run-as-user",
    "seLinuxOptions": "selinux",
    "seccompProfile": "seccomp",
    "unrestricted capabilities": "capabilities",
}
"""The reasons in the server's message, to the ids of the controls that we report."""

_VIOLATION = re.compile(r'violates PodSecurity "[a-z]+:[^"]+": (.*)', re.DOTALL)
_REASON = re.compile("|".join(map(re.escape, sorted(REASONS, key=len, reverse=True))))


@dataclass(frozen=True, slots=True)
class Question:
    """A pod, a level and a minor version (or ``LATEST``)."""

    case: Case
    level: str
    minor: int

    def __str__(self) -> str:
        return f"{self.level}:{version_name(self.minor)} {self.case}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The violated controls, or that the server found the pod invalid before it looked."""

    violated: frozenset[str]
    invalid: str = ""


CONTROLS: Mapping[str, frozenset[str]] = {
    "baseline": frozenset(REASONS.values())
    - {"privilege-escalation", "run-as-non-root", "run-as-user", "volume-types"},
    "restricted": frozenset(REASONS.values()) - {"host-path-volumes"},
}
"""What a level can refuse a pod for; at restricted, volume types stand in for host paths."""


@dataclass(slots=True)
class Reached:
    """How many pods each control was asked about, and how many of them violated it."""

    pods: int = 0
    violated: Counter[str] = field(default_factory=Counter)

    def add(self, answers: Iterable[Answer]) -> None:
        """Count more answers."""
        for answer in answers:
            self.pods += 1
            self.violated.update(answer.violated)

    def one_sided(self, level: str) -> list[str]:
        """The controls that no pod violated, or none obeyed, or that the level does not have."""
        known = sorted(CONTROLS[level] | set(self.violated))
        return [
            control
            for control in known
            if control not in CONTROLS[level] or not 0 < self.violated[control] < self.pods
        ]

    def told(self, level: str) -> str:
        """One line: violated and obeyed, by control."""
        counts = (
            f"{control} {self.violated[control]}/{self.pods - self.violated[control]}"
            for control in sorted(CONTROLS[level])
        )
        return f"{level}: {self.pods} pods, violated/obeyed: {', '.join(counts)}"


def version_name(minor: int) -> str:
    """The version as the label of a namespace has it."""
    return "latest" if minor == LATEST else f"v1.{minor}"


def namespace_name(level: str, minor: int) -> str:
    """The namespace in which that level and version is enforced."""
    return f"{level}-{version_name(minor).replace('.', '-')}"


def prepare(client: Client, minors: Sequence[int]) -> None:
    """Make a namespace for each level and version, with pods to add ephemeral containers to."""
    places = [(level, minor) for level in LEVELS for minor in minors]
    _create(client, [("/api/v1/namespaces", _namespace(*place)) for place in places])
    pods = [
        (f"/api/v1/namespaces/{namespace_name(*place)}/pods", _named(base))
        for place in places
        for base in PERMANENT
    ]
    _create(client, pods)


def _create(client: Client, objects: Iterable[tuple[str, Mapping[str, object]]]) -> None:
    for reply in client.send_all(Request("POST", path, body) for path, body in objects):
        if reply.status not in {201, 409}:
            raise AssertionError(f"the server answered {reply.status}: {reply.message}")


def _named(base: str) -> Mapping[str, object]:
    return {**BASES[base], "metadata": {"name": base}}


def _namespace(level: str, minor: int) -> Mapping[str, object]:
    labels = {
        "pod-security.kubernetes.io/enforce": level,
        "pod-security.kubernetes.io/enforce-version": version_name(minor),
    }
    return {"metadata": {"name": namespace_name(level, minor), "labels": labels}}


def ask(client: Client, questions: Sequence[Question]) -> list[Answer]:
    """Ask all of them; nothing is stored."""
    replies = client.send_all(map(_request, questions))
    return [_answer(*pair) for pair in zip(questions, replies, strict=True)]


def _request(question: Question) -> Request:
    pods = f"/api/v1/namespaces/{namespace_name(question.level, question.minor)}/pods"
    if not question.case.ephemeral:
        return Request("POST", f"{pods}?dryRun=All", question.case.pod())
    path = f"{pods}/{question.case.base}/ephemeralcontainers?dryRun=All"
    spec = question.case.pod()["spec"]
    assert isinstance(spec, dict)
    patch = {"spec": {"ephemeralContainers": spec["ephemeralContainers"]}}
    return Request("PATCH", path, patch, "application/strategic-merge-patch+json")


def _answer(question: Question, reply: Reply) -> Answer:
    match reply.status:
        case 200 | 201:
            return Answer(frozenset())
        case 403:
            return Answer(frozenset(parse_reasons(reply.message)))
        case 400 | 422:
            return Answer(frozenset(), reply.message)
        case _:
            raise AssertionError(f"{question}: {reply.status} {reply.message}")


def parse_reasons(message: str) -> Iterator[str]:
    """The ids of the controls that a refusal names: ``reason (detail), reason (detail)``.

    Raises:
        AssertionError: it names a reason that is not known here.
    """
    found = _VIOLATION.search(message)
    if found is None:
        raise AssertionError(f"not a refusal by pod security: {message}")
    rest = found[1]
    while rest:
        reason = _REASON.match(rest)
        if reason is None:
            raise AssertionError(f"unknown reason at {rest[:80]!r} in {message}")
        yield REASONS[reason[0]]
        rest = _after_detail(rest[reason.end() :]).removeprefix(", ")


def _after_detail(text: str) -> str:
    if not text.startswith(" ("):
        return text
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == ")" and depth == 0:
            return text[index + 1 :]
    raise AssertionError(f"detail without end: {text}")

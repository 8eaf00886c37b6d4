"""Questions about single connections, and their answers, rule by rule.

A question names two ends and perhaps a port, ``ml/vllm`` to ``metadata`` at ``80``:

=====================  ==========================================================
``NAMESPACE``          its workloads
``NAMESPACE/NAME``     a workload or a pod
``tenant:NAME``        the workloads of a tenant
``nodes``              every node; ``node/NAME`` one of them
``world``              an address of the public network that no policy names
address, network       whoever has it outside of the cluster
a kind of place        metadata, kubelet, api-server, etcd, other, at its ports
``*``                  all workloads
=====================  ==========================================================

A port is ``8000``, ``53/UDP`` or ``8000-8100``; TCP where nothing is said. Pairs with one answer
are told once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from auditor.analysis.network.addresses import Block, block_of
from auditor.analysis.network.gathering import Kind
from auditor.analysis.network.network import Network
from auditor.analysis.network.policies import Direction
from auditor.analysis.network.ports import PortRange, Protocol, bits
from auditor.analysis.network.summaries import Summaries
from auditor.analysis.network.telling import SHOWN, Telling, steps_of
from auditor.late import late
from auditor.model.reach import ALLOWED, DENIED, UNKNOWN, AnswerFact, PolicyStep

MOST_PAIRS: Final = 2_500
"""Pairs of kinds of pods that are asked for one question."""
OWN_NODE: Final = (
    "no policy keeps a pod from its own node, nor that node from the pod; policies deny it"
)
_PORT: Final = late(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
ON_NODE: Final = "denied, but for nodes"
EVERYBODY: Final = "*"
WORLD, NODES, TENANT, NODE = "world", "nodes", "tenant:", "node/"


class Question(msgspec.Struct, frozen=True):
    """What is asked: from where, to where, and at which port, "" for all."""

    source: str
    target: str
    port: str = ""


def port_of(text: str) -> PortRange | None:
    """Read a port as people write it: ``8000``, ``53/UDP``, ``8000-8100``; None for none."""
    found = _PORT.fullmatch(text.strip())
    if found is None:
        return None
    first = int(found[1])
    last = int(found[2] or first)
    if not 1 <= first <= last <= 65_535:
        return None
    return PortRange(Protocol((found[3] or "tcp").upper()), first, last)


def blocks_of(questions: Sequence[Question]) -> list[Block]:
    """The addresses that questions name."""
    texts = [text for each in questions for text in (each.source, each.target)]
    return [found for text in texts if (found := block_of(text)) is not None]


def ports_of(questions: Sequence[Question]) -> list[PortRange]:
    """The ports that questions name."""
    found = (port_of(each.port) for each in questions)
    return [each for each in found if each is not None]


_Answer = tuple[str, int, tuple[PolicyStep, ...]]
"""A verdict, the ports of which it is, and what decides it."""


def _products(by_source: dict[int, list[int]]) -> Iterator[tuple[list[int], list[int]]]:
    """Put sources together that have the same targets: each of the one with each of the other."""
    found: dict[tuple[int, ...], list[int]] = {}
    for source, targets in by_source.items():
        found.setdefault(tuple(targets), []).append(source)
    for same, sources in found.items():
        yield sources, list(same)


class Answers:
    """Answers questions about one cluster."""

    def __init__(self, summaries: Summaries, kinds: Sequence[Kind]) -> None:
        self._summaries = summaries
        self._network: Network = summaries.network
        self._kinds = kinds
        self._telling = Telling(summaries, kinds)

    def of(self, question: Question) -> Iterator[AnswerFact]:
        """Yield each answer once, with the pairs that have it."""
        found: dict[_Answer, dict[int, list[int]]] = {}
        targets = self._ends(question.target)
        asked = self._asked(question.port)
        pairs = [
            (source, target, asked or own or self._network.ports.all)
            for source, _ in self._ends(question.source)
            for target, own in targets
            if source != target or len(targets) == 1
        ]
        for source, target, ports in pairs[:MOST_PAIRS]:
            for verdict, mask in self._verdicts(source, target, ports):
                steps = steps_of(self._network, source, target, mask)
                found.setdefault((verdict, mask, steps), {}).setdefault(source, []).append(target)
        for answer, by_source in found.items():
            for sources, to in _products(by_source):
                made = self._answer(sources, to, answer)
                yield msgspec.structs.replace(made, unasked=max(len(pairs) - MOST_PAIRS, 0))

    def _answer(
        self, sources: Sequence[int], targets: Sequence[int], answer: _Answer
    ) -> AnswerFact:
        verdict, ports, steps = answer
        source, *more_sources = map(self._telling.name, sources[: SHOWN + 1])
        target, *more_targets = map(self._telling.name, targets[: SHOWN + 1])
        on_node = verdict == ON_NODE
        return AnswerFact(
            source=source,
            destination=target,
            ports=self._telling.ports(ports),
            verdict=UNKNOWN if on_node else verdict,
            steps=steps,
            covers=len(sources) * len(targets),
            more_sources=tuple(more_sources),
            more_destinations=tuple(more_targets),
            why=OWN_NODE if on_node else "",
        )

    def _is_on_node(self, source: int, target: int) -> bool:
        ends = self._network.ends
        return bool((1 << source | 1 << target) & (ends.hosts | ends.nodes))

    def _asked(self, text: str) -> int:
        port = port_of(text) if text else None
        return 0 if port is None else self._network.ports.mask(port)

    def _verdicts(self, source: int, target: int, ports: int) -> Iterator[tuple[str, int]]:
        """Part ports by what becomes of them."""
        sure = possible = ports
        for pod, other, direction in (
            (source, target, Direction.EGRESS),
            (target, source, Direction.INGRESS),
        ):
            if pod < self._network.ends.pods_count:
                decision = self._network.decision(pod, direction)
                sure &= decision.sure.ports(1 << other)
                possible &= decision.possible.ports(1 << other)
        for verdict, mask in (
            (ALLOWED, sure),
            (UNKNOWN, possible & ~sure),
            (ON_NODE if self._is_on_node(source, target) else DENIED, ports & ~possible),
        ):
            if mask:
                yield verdict, mask

    # who is meant

    def _ends(self, text: str) -> list[tuple[int, int]]:
        """The ends that a text names, each with the ports that go with it, 0 for none."""
        ends = self._network.ends
        placed = self._of_place(text)
        if placed:
            return placed
        block = block_of(text)
        if text == WORLD:
            found = self._summaries.public_strangers
        elif text == NODES or text.startswith(NODE):
            wanted = text.removeprefix(NODE)
            names = enumerate(self._summaries.node_names)
            known = [at for at, each in names if text == NODES or wanted in each]
            found = [ends.pods_count + at for at in known]
        elif block is not None:
            found = list(bits(ends.outside_of(self._network.addresses.mask(block))))
        else:
            told = (each for each in self._kinds if each.running and each.workloads)
            found = [each.number for each in told if self._is(each, text)]
        return [(each, 0) for each in found]

    def _of_place(self, text: str) -> list[tuple[int, int]]:
        """The ends of places that are called so, or are of that kind, each with its ports."""
        found: list[tuple[int, int]] = []
        for place, alternatives in self._summaries.alternatives:
            if text in {place.of, place.name} and place.ports:
                ports = 0
                for each in place.ports:
                    ports |= self._network.ports.mask(each)
                found += [(end, ports) for each in alternatives for end in bits(each)]
        return list(dict.fromkeys(found))

    def _is(self, kind: Kind, text: str) -> bool:
        if text in {EVERYBODY, kind.namespace}:
            return True
        if text.startswith(TENANT):
            return self._summaries.tenant_of.get(kind.namespace) == text.removeprefix(TENANT)
        namespace, _, name = text.partition("/")
        if namespace != kind.namespace or not name:
            return False
        words = name.replace("/", " ")
        return words in kind.names or any(
            words in {each, each.partition(" ")[2]} for each in kind.workloads
        )

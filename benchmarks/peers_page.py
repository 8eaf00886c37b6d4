"""The page of the documentation that ``make bench`` writes about peers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from auditor.version import VERSION
from benchmarks.peer_checks import OURS, PEERS, TOPICS
from benchmarks.precision import Tally, labelled
from tests.precision.labels import Label

_TEXT = """\
# Beside other programs

<!-- Written by `make bench` (benchmarks/labelled.py): change that, not this page. -->

What other programs find of the faults that reviewers labelled in
[tests/precision](../tests/precision/README.md), on {today}: auditor {version}, {peers}, each with
its default checks (kube-score with the optional ones as well).

How it is counted. A *topic* is a fault that both sides mean; `benchmarks/peer_checks.py` says which
of our rules and which checks of theirs are about it, and a check in no topic is only counted. A
*fault* is an object that has a label "right" of a rule of the topic; it is found when the program
reports a check of the topic of that object, in whichever container. A report is wrong where the
labels say "wrong" of each topic of its check, and "right" of none; without either it is neither.

What it does not say. The manifests are ours, after the shapes of AI platforms, and so are the
labels: rules of ours were mended by them, which other programs' were not, and what none of us
thought of has no label. A program that leaves custom resources alone misses what is in them: the
third line leaves those out. Other programs have checks that we have no rule for, and read more than
Kubernetes. Topics count alike, however much they matter to anybody.

{table}
"""


def page(labels: Sequence[Label], tallies: Mapping[str, Tally], versions: Mapping[str, str]) -> str:
    """Write the page of the documentation."""
    names = (OURS, *PEERS)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    head = ", ".join(f"{name} {versions[name]}" for name in PEERS)
    rows = [*_totals(labels, tallies, names), "", *_topics(labels, tallies, names)]
    return _TEXT.format(today=today, version=VERSION, peers=head, table="\n".join(rows))


def _totals(
    labels: Sequence[Label], tallies: Mapping[str, Tally], names: Sequence[str]
) -> Iterator[str]:
    right = {topic.name: labelled(labels, topic, right=True) for topic in TOPICS}
    total = sum(map(len, right.values()))
    plain = sum(1 for things in right.values() for each in things if each.built_in)
    yield f"| | {' | '.join(names)} |"
    yield f"|---|{'---|' * len(names)}"
    made = [tallies[name] for name in names]
    yield _row("topics with a check", [f"{each.topics} of {len(TOPICS)}" for each in made])
    yield _row(f"found, of {total} faults", [_share(_found(each), total) for each in made])
    yield _row(
        f"found, of {plain} in kinds of Kubernetes itself",
        [_share(_found(each, plain=True), plain) for each in made],
    )
    own = []
    for name in names:
        mine = sum(len(right[topic.name]) for topic in TOPICS if name == OURS or topic.checks(name))
        own.append(_share(_found(tallies[name]), mine))
    yield _row("found, of the topics with a check", own)
    yield _row("reports labelled right", [str(each.right) for each in made])
    yield _row("reports labelled wrong", [str(each.wrong) for each in made])
    yield _row("right, of the labelled", [f"{each.precision:.1%}" for each in made])
    yield _row("reports without a label", [str(each.unlabelled) for each in made])
    yield _row(
        "reports in no topic, by how many checks",
        [f"{each.unmapped} by {each.unmapped_checks}" for each in made],
    )


def _topics(
    labels: Sequence[Label], tallies: Mapping[str, Tally], names: Sequence[str]
) -> Iterator[str]:
    yield f"| topic | faults | {' | '.join(names)} |"
    yield f"|---|---|{'---|' * len(names)}"
    for topic in TOPICS:
        total = len(labelled(labels, topic, right=True))
        cells = [
            str(len(tallies[name].found[topic.name]))
            if name == OURS or topic.checks(name)
            else "no check"
            for name in names
        ]
        yield _row(f"{topic.name} | {total}", cells)


def _found(made: Tally, *, plain: bool = False) -> int:
    return sum(1 for things in made.found.values() for each in things if each.built_in or not plain)


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "-"

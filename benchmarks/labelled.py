"""The figure of the labelled faults: peers beside ours. It writes ``docs/peers.md``."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Figure
from benchmarks.peer_checks import CHECKOV, KUBE_SCORE, OURS, PEERS, TOPICS, TRIVY, Topic
from benchmarks.peer_reports import (
    Reports,
    Thing,
    gathered,
    of_checkov,
    of_kube_score,
    of_ours,
    of_trivy,
)
from benchmarks.peers_page import page
from benchmarks.precision import Tally, labelled, tally
from tests.precision.labels import Label, cases, labels_of, name_of

if TYPE_CHECKING:
    from benchmarks.figures import Bench

PAGE = Path(__file__).resolve().parents[1] / "docs/peers.md"


def peers(bench: Bench) -> Figure:
    """Labelled faults: the best peer against ours, each over the topics that it has checks for."""
    labels = [label for case in cases() for label in labels_of(case)]
    folder = _copied(bench.folder / "labelled")
    tallies = {
        OURS: tally(labels, of_ours(), {each.name: _rules(each) for each in TOPICS}),
        **{
            peer: tally(labels, reports, {each.name: each.checks(peer) for each in TOPICS})
            for peer, reports in _reports(bench, folder).items()
        },
    }
    PAGE.write_text(page(labels, tallies, bench.tools.versions()))
    recalls = {name: _recall(labels, each) for name, each in tallies.items()}
    best = max(recalls[name] for name in PEERS)
    details: dict[str, object] = {f"{name}, found": value for name, value in recalls.items()}
    details |= {f"{name}, right of labelled": each.precision for name, each in tallies.items()}
    ratio = best / recalls[OURS]
    return Figure("labelled faults found by the best peer", ratio, 1.0, (ratio, ratio), details)


def _rules(topic: Topic) -> frozenset[str]:
    return frozenset(f"k8s-{name}" for name in topic.rules)


def _recall(labels: Sequence[Label], made: Tally) -> float:
    """The part of all labelled faults of the topics that was found."""
    total = sum(len(labelled(labels, topic, right=True)) for topic in TOPICS)
    return sum(map(len, made.found.values())) / total


def _copied(folder: Path) -> Path:
    """The manifests alone, without their labels."""
    shutil.rmtree(folder, ignore_errors=True)
    for each in cases():
        place = folder / f"{name_of(each)}.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(each, place)
    return folder


def _reports(bench: Bench, folder: Path) -> Mapping[str, Reports]:
    tools = bench.tools
    checkov = _printed(
        [
            *(tools.checkov(), "-d", folder, "--framework", "kubernetes"),
            *("-o", "json", "--compact", "--quiet"),
        ]
    )
    quiet = ("--skip-check-update", "--quiet", "--format", "json")
    trivy = _printed([tools.trivy(), "config", *quiet, folder])
    scored: list[tuple[str, Thing]] = []
    for each in cases():
        options = ["score", "--output-format", "json", "--all-default-optional"]
        said = _printed([tools.kube_score(), *options, folder / f"{name_of(each)}.yaml"])
        scored += of_kube_score(json.loads(said or "[]") or (), name_of(each))
    return {
        CHECKOV: of_checkov(json.loads(checkov)),
        TRIVY: of_trivy(json.loads(trivy)),
        KUBE_SCORE: gathered(scored),
    }


def _printed(command: Sequence[str | Path]) -> str:
    """What a program prints; how it ends says what it found."""
    words = [str(each) for each in command]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout

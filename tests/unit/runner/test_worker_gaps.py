"""What of an object is not read: a gap of its place in a file, of its kind in a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.analysis.analyses import Analyses
from auditor.analysis.workloads import CONTENTS, PodTemplates
from auditor.engine.kinds import Plans
from auditor.engine.sources import WantedKinds
from auditor.model.resource import Target
from auditor.platforms import PLATFORMS
from auditor.policy import CompiledProfile
from auditor.runner.job import Context
from auditor.runner.mishaps import Mishaps
from auditor.runner.parts import Spool
from auditor.runner.waiting import Waits
from auditor.runner.worker import ShardRun
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.kubernetes.manifests.recogniser import MANIFESTS

ROW = {"kind": "Release", "group": "a.example", "at": ["spec.chart"], "what": "w", "hint": "h"}
RELEASE = {
    "apiVersion": "a.example/v1",
    "kind": "Release",
    "metadata": {"name": "x", "namespace": "team"},
    "spec": {"chart": "c"},
}


@pytest.mark.parametrize(
    ("target", "scope", "line"),
    [
        pytest.param("./manifests", "a.json", 2, id="a file"),
        pytest.param("-", "a.json", 2, id="standard input"),
        pytest.param("k8s://prod", "k8s/Release.a.example", 0, id="a cluster"),
    ],
)
def test_where_a_gap_in_an_object_is(tmp_path: Path, target: str, scope: str, line: int) -> None:
    context = Context(
        profile=CompiledProfile("p", "", "", (), {}, {}, {}, {}, "", ""),
        plans=Plans((), list_all=False, memo=True),
        analyses=Analyses((PodTemplates({CONTENTS: [ROW]}),), ()),
        joining={},
        sources={},
        wanted=WantedKinds(),
        counted_with=PLATFORMS.counting(),
        writer=None,  # type: ignore[arg-type]  # nothing is found
        waits=Waits((), Analyses((), ()), PLATFORMS, listed=frozenset(), memo=True),
        programs=None,  # type: ignore[arg-type]  # nothing is kept
    )
    spools = Spool(tmp_path, "shard", 0), Spool(tmp_path, "rows", 0)
    run = ShardRun(context, Target(target, "files"), spools, Mishaps(target, 0))
    data = b"\n" + json.dumps(RELEASE).encode()
    run.take(FileReading(target, "a.json", data, (MANIFESTS,), Memory()), None)
    (gap,) = run.finish(0).gaps
    assert (gap.target, gap.scope, gap.line) == (target, scope, line)
    assert (gap.detail, gap.hint) == ("Release team/x: w", "h")

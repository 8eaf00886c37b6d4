"""What a run is, beside findings and gaps, in lines for formats that have no place for it.

A format that lists findings only would keep silent on what rests on a person's word, and on whose
mapping the controls rest that its findings name. So each such format says these lines::

    since the baseline (run 1a2b3c4d5e6f): 2 new (1 critical, 1 high); 120 known; 4 gone
    coverage 100.0 %, gaps 0, profile nist-800-53
    k8s://prod: complete
    accepted by waivers, and not counted by the gate: 3
    answers: 1 of 1 answer decides a control, by a person's word
    f:CM-3: by a person's word, active until 2027-05-30: met: Two approve. (ml, 2026-11-30)
    controls of nist-800-53 Rev. 5: 12 supported, 9 not satisfied (our own mapping, unreviewed)
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.finding import Report
from reports import answers, controls, delta
from reports.details import not_decided, targets, waivers


def lines_of_run(report: Report) -> Iterator[str]:
    """Say what changed, what was looked at, accepted and answered, and what controls rest on."""
    yield from delta.told(report)
    yield not_decided(report)
    yield from targets(report)
    yield from waivers(report)
    yield from answers.brief(report)
    yield from controls.brief(report)

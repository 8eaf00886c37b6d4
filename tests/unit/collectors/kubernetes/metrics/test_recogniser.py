"""What is taken of the metrics of an API server, and of texts that only look so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.cli.wiring import CollectorOptions, wired
from auditor.model.resource import Gap, Resource
from auditor.ports import Live

METRICS = """# HELP aggregator_discovery_aggregation_count_total [ALPHA] Counter
# TYPE aggregator_discovery_aggregation_count_total counter
aggregator_discovery_aggregation_count_total 3
apiserver_audit_error_total{plugin="log"} 2
apiserver_audit_error_total{plugin="webhook"} 1
# TYPE apiserver_audit_event_total counter
apiserver_audit_event_total 1.2e+03
apiserver_audit_level_total{level="Metadata"} 7 1700000000
apiserver_audit_level_total{level="None"} 5
apiserver_audit_requests_rejected_total 0
"""


def read(folder: Path, name: str, text: str) -> tuple[list[Resource], list[Gap]]:
    (folder / name).write_text(text)
    collector = wired().collector_for(str(folder / name), CollectorOptions())
    assert not isinstance(collector, Live)
    found: list[Resource] = []
    gaps: list[Gap] = []
    for shard in collector.plan(lambda _: 1).shards:
        for reading in collector.read(shard):
            assert not isinstance(reading, Gap)
            found += reading.resources()
            gaps += reading.gaps()
            if found:
                assert reading.line(0, "/event_total") == 7
                assert reading.line(0, "/error_total") == 4
    return found, gaps


@pytest.mark.parametrize("name", ["prod.apiserver-metrics", "metrics.txt"])
def test_counters(name: str, tmp_path: Path) -> None:
    (found,), gaps = read(tmp_path, name, METRICS)
    assert gaps == []
    assert (found.kind, found.line) == ("k8s/Metrics.apiserver.k8s.io", 7)
    assert found.name == name.partition(".")[0]
    assert json.loads(found.body) == {
        "event_total": 1200,
        "level_total": {"Metadata": 7, "None": 5},
        "error_total": 3,
        "requests_rejected_total": 0,
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("# HELP a b\napiserver_audit_error_total 3\n", id="another counter"),
        pytest.param("apiserver_audit_event_total NaN\n", id="no number"),
        pytest.param("apiserver_audit_event_total -1\n", id="a negative one"),
        pytest.param("apiserver_audit_event_total 1e400\n", id="a number without end"),
        pytest.param("apiserver_audit_event_total{ 1\n", id="half a label"),
    ],
)
def test_metrics_that_count_no_events(text: str, tmp_path: Path) -> None:
    found, (gap,) = read(tmp_path, "a.apiserver-metrics", text)
    assert found == []
    assert gap.detail == "it has no apiserver_audit_event_total"
    assert gap.hint == "kubectl get --raw /metrics > NAME.apiserver-metrics"


def test_a_large_number_stays_one(tmp_path: Path) -> None:
    text = METRICS.replace("1.2e+03", "9e99")
    ((found,), _) = read(tmp_path, "a.apiserver-metrics", text)
    assert json.loads(found.body)["event_total"] == 1 << 53

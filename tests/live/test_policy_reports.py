"""Reports that a cluster holds, given to an API server that has the CRDs of their projects."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from auditor.model.results_finding import Observed
from reports import policy_reports
from tests.contract.reports import NASTY, VERDICTS, Many, finding, reference, report
from tests.engines.apiserver import ApiServer
from tests.engines.client import Client, Request

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAMESPACE = "policy-reports"
PLURALS = {
    "Report": "reports",
    "ClusterReport": "clusterreports",
    "PolicyReport": "policyreports",
    "ClusterPolicyReport": "clusterpolicyreports",
}
RENDERS = {"openreports": policy_reports.render_open, "policyreport": policy_reports.render_older}


@pytest.fixture(scope="module")
def client(apiserver: ApiServer, report_kinds: dict[str, Any]) -> Iterator[Client]:
    """A client of a server that serves them, as long as these tests run."""
    with apiserver.client() as found:
        found.post("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        for definition in report_kinds.values():
            assert found.post(CRDS, definition).status in {201, 409}
        for kind, definition in report_kinds.items():
            group = definition["spec"]["group"]
            (version,) = [each["name"] for each in definition["spec"]["versions"]]
            path = f"/apis/{group}/{version}/{PLURALS[kind]}"
            while found.get(path).status != 200:  # the test's own limit ends this
                time.sleep(0.1)
        yield found
        for definition in report_kinds.values():
            found.send(Request("DELETE", f"{CRDS}/{definition['metadata']['name']}"))
        found.send(Request("DELETE", f"/api/v1/namespaces/{NAMESPACE}"))


def path_of(item: Any) -> str:
    base = f"/apis/{item['apiVersion']}"
    inside = (
        f"/namespaces/{item['metadata']['namespace']}" if "namespace" in item["metadata"] else ""
    )
    return f"{base}{inside}/{PLURALS[item['kind']]}"


@pytest.mark.parametrize("name", RENDERS)
def test_the_server_takes_and_keeps_all(client: Client, name: str) -> None:
    """Names of others, all verdicts, and a report that is cut: no field is refused or dropped."""
    hostile = [
        finding(
            number,
            verdict=VERDICTS[number % len(VERDICTS)],
            message=text,
            element=text,
            resource=reference(text, namespace=text if number % 2 else NAMESPACE, file=text),
            observed=(Observed(f"/{text}", value=text),),
        )
        for number, text in enumerate(NASTY)
    ]
    many = [
        finding(number, message="x" * 5000, resource=reference("a", namespace=NAMESPACE))
        for number in range(100, 500)
    ]
    items = json.loads(b"".join(RENDERS[name](report(Many((*hostile, *many))))))["items"]
    assert any("auditor/left-out" in item["metadata"]["annotations"] for item in items)
    assert len({item["kind"] for item in items}) == 2
    for item in items:
        made = client.post(f"{path_of(item)}?fieldValidation=Strict", item)
        assert made.status == 201, made.message
        stored = client.get(f"{path_of(item)}/{item['metadata']['name']}").body
        assert {key: stored[key] for key in ("results", "summary")} == {
            key: item[key] for key in ("results", "summary")
        }


def test_the_server_complains(client: Client) -> None:
    item = json.loads(b"".join(policy_reports.render_open(report(Many(())))))["items"][0]
    item["results"][0] |= {"severity": "terrible", "colour": "red"}
    refused = client.post(f"{path_of(item)}?fieldValidation=Strict", item)
    assert refused.status in {400, 422}
    assert "colour" in refused.message or "severity" in refused.message

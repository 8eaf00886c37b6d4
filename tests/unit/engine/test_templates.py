"""Text of a template that nobody rendered decides nothing; text around it does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from auditor.engine.templates import UNRENDERED, may_hold
from auditor.model.enums import Verdict
from tests.e2e.runs import Run, collector_of
from tests.unit.engine.making import active, plan

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
NOT_APPLICABLE = Verdict.NOT_APPLICABLE
IMAGE = (
    """object.image.matches(":[^/]+$") """
    """&& !params.moving.exists(t, object.image.endsWith(":" + t))"""
)
SWITCH = r"""!object.args.exists(a, a.matches("(^|[ \n])--trust-remote-code"))"""
MOVING = {"moving": ["latest", "main"]}


class Case(NamedTuple):
    """A check, a body, and the verdict that is right."""

    check: str
    body: dict[str, Any]
    verdict: Verdict
    when: str = ""
    params: dict[str, Any] | None = None


CASES = {
    "a template alone": Case("object.a != 'x'", {"a": "{{ .Values.a }}"}, UNKNOWN),
    "it would fail": Case("object.a == 'x'", {"a": "{{ .Values.a }}"}, UNKNOWN),
    "with dashes": Case("object.a == 'x'", {"a": "{{- .Values.a -}}"}, UNKNOWN),
    "of Argo": Case("object.a == 'x'", {"a": "{{inputs.parameters.a}}"}, UNKNOWN),
    "over lines": Case("object.a == 'x'", {"a": "{{ if .b\n}}"}, UNKNOWN),
    "in place of a switch": Case(
        "object.?a.orValue(false) != true", {"a": "{{ .Values.a }}"}, UNKNOWN
    ),
    "in place of a number": Case("object.a > 1", {"a": "{{ .Values.a }}"}, UNKNOWN),
    "two and a colon": Case("object.a == 'x'", {"a": "{{ .a }}:{{ .b }}"}, UNKNOWN),
    "no rule reads it": Case("object.a == 'x'", {"a": "x", "b": "{{ .Values.b }}"}, PASS),
    "another operand decided": Case(
        "object.a == 'x' || object.b == 'y'", {"a": "x", "b": "{{ .Values.b }}"}, PASS
    ),
    "whether it applies": Case(
        "object.b == 1", {"a": "{{ .Values.a }}", "b": 1}, UNKNOWN, when="object.a == 'x'"
    ),
    "it does not apply for another reason": Case(
        "object.a == 'x'", {"a": "{{ .Values.a }}", "b": 1}, NOT_APPLICABLE, when="object.b == 2"
    ),
    "a tag": Case(IMAGE, {"image": "r.io/a:{{ .Values.tag }}"}, UNKNOWN, params=MOVING),
    "a repository": Case(IMAGE, {"image": "{{ .Values.r }}/a:1.2"}, PASS, params=MOVING),
    "a tag that moves": Case(IMAGE, {"image": "{{ .Values.r }}/a:latest"}, FAIL, params=MOVING),
    "a digest": Case(
        "object.a.matches('@sha256:[0-9a-f]{64}$')", {"a": "r.io/a@{{ .digest }}"}, UNKNOWN
    ),
    "a value of another switch": Case(SWITCH, {"args": ["--lr={{inputs.parameters.lr}}"]}, PASS),
    "another switch is there": Case(SWITCH, {"args": ["{{ .a }}", "--trust-remote-code"]}, FAIL),
    "any argument": Case(SWITCH, {"args": ["serve", "{{ .Values.extra }}"]}, UNKNOWN),
    "a format of docker": Case(
        SWITCH, {"args": ["docker inspect --format '{{.State}}' x && serve"]}, PASS
    ),
    "only how many": Case("size(object.args) < 3", {"args": ["{{ .a }}", "b"]}, PASS),
    "braces that are none": Case("object.a == 'x'", {"a": "{{ open", "b": 1}, FAIL),
    "a key": Case("has(object.a.b)", {"a": {"b": "{{ .Values.b }}"}}, UNKNOWN),
}


def outcomes(case: Case, raw: bytes, *, memo: bool = True) -> list[tuple[Verdict, str]]:
    rule = active(case.check, when=case.when, params=case.params)
    judged = plan(rule, memo=memo).judge(raw)
    return [(each.verdict, each.message) for one in judged for each in one.outcomes]


@pytest.mark.parametrize("escaped", [False, True], ids=["plain", "escaped"])
@pytest.mark.parametrize("memo", [True, False], ids=["memo", "no memo"])
@pytest.mark.parametrize("name", CASES)
def test_a_template_decides_nothing(name: str, *, memo: bool, escaped: bool) -> None:
    case = CASES[name]
    raw = msgspec.json.encode(case.body)
    if escaped:
        raw = raw.replace(b"{{", rb"\u007b\u007B")
    ((verdict, message),) = outcomes(case, raw, memo=memo)
    assert verdict is case.verdict
    if verdict is UNKNOWN:
        assert message == f"not decided: {UNRENDERED} (title of r)"


@pytest.mark.parametrize("name", CASES)
def test_what_was_rendered_is_decided(name: str) -> None:
    """The same bodies with a word in each hole: no verdict rests on a template."""
    raw = re.sub(rb"\{\{[^{}\"]*(\}\})?", b"word", msgspec.json.encode(CASES[name].body))
    assert not may_hold(raw)
    assert UNRENDERED not in str(outcomes(CASES[name], raw))


WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: "{{workflow.name}}", namespace: a}
spec:
  entrypoint: m
  templates:
  - name: m
    container:
      image: r.io/a@sha256:0000000000000000000000000000000000000000000000000000000000000000
      args: ["--lr={{inputs.parameters.lr}}"]
      securityContext: {privileged: "{{inputs.parameters.p}}"}
"""


@pytest.mark.parametrize("text", [WORKFLOW, WORKFLOW.replace("{{", "<").replace("}}", ">")])
def test_rules_that_come_along_say_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    results = json.loads(Run(gate="never").results(collector_of(tmp_path)))
    told = {
        (item["rule"], item["observed"][0]["path"], item["observed"][0]["value"])
        for item in results["findings"]
        if UNRENDERED in item["message"]
    }
    place = "/spec/templates/0/container/securityContext/privileged"
    expected = {("k8s-container-privileged", place, "{{inputs.parameters.p}}")}
    assert told == (expected if text is WORKFLOW else set())
    assert results["gate"]["decision"] == "incomplete"

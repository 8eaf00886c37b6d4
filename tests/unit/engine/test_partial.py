"""What only changes another object can fail by what is written in it, and in no other way."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pytest

from auditor.engine.tally import counts
from auditor.model.enums import Verdict
from tests.unit.engine.making import active, plan

FAIL, UNKNOWN, NOT_APPLICABLE = Verdict.FAIL, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE
BOTH = "!(object.?a.orValue(false) && object.?b.orValue(true))"


class Case(NamedTuple):
    """A check, a partial body, and the verdict that is right."""

    check: str
    body: dict[str, Any]
    verdict: Verdict
    when: str = ""


CASES = {
    "a written fault": Case("!object.?a.orValue(false)", {"a": True}, FAIL),
    "nothing written": Case("!object.?a.orValue(false)", {}, NOT_APPLICABLE),
    "the contrary written": Case("!object.?a.orValue(false)", {"a": False}, NOT_APPLICABLE),
    "an absent field fails": Case("has(object.a)", {"b": 1}, NOT_APPLICABLE),
    "one of two that decide is written": Case(BOTH, {"a": True}, NOT_APPLICABLE),
    "both that decide are written": Case(BOTH, {"a": True, "b": True}, FAIL),
    "a field that is read is absent": Case("object.a.b == 1", {"a": {}}, NOT_APPLICABLE),
    "an element that is read is absent": Case("object.a[3] == 1", {"a": []}, NOT_APPLICABLE),
    "a value of a wrong type": Case("object.a == 'x'", {"a": 1}, UNKNOWN),
    "it can't decide for what is absent": Case(
        "has(object.a) ? object.a : undecided('who knows')", {"b": 1}, NOT_APPLICABLE
    ),
    "it can't decide for what is written": Case(
        "object.a == 1 ? undecided('who knows') : true", {"a": 1}, UNKNOWN
    ),
    "it does not apply": Case("false", {"a": 1}, NOT_APPLICABLE, when="object.a == 2"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("everything", [True, False])
def test_what_is_written_decides(case: Case, *, everything: bool) -> None:
    rules = plan(active(case.check, when=case.when), everything=everything)
    (judgement,) = rules.judge_partial(msgspec.json.encode(case.body))
    assert list(counts(judgement.tally)) == [(0, case.verdict, 1)]
    listed = [case.verdict] if everything or case.verdict is not NOT_APPLICABLE else []
    assert [each.verdict for each in judgement.outcomes] == listed


def test_each_element_is_judged_by_itself() -> None:
    rules = plan(active("!item.?x.orValue(false)", each="object.list"), everything=False)
    (judgement,) = rules.judge_partial(b'{"list": [{"x": true}, {}, {"x": false}]}')
    assert list(counts(judgement.tally)) == [(0, FAIL, 1), (0, NOT_APPLICABLE, 2)]
    assert [each.at for each in judgement.outcomes] == [("list", 0)]


def test_secrets_are_not_shown() -> None:
    rules = plan(active("object.?password.orValue('') == ''", message="{object.password}"))
    (judgement,) = rules.judge_partial(b'{"password": "correct horse"}', clean=False)
    (outcome,) = judgement.outcomes
    assert outcome.verdict is FAIL
    assert "horse" not in outcome.message + "".join(seen.value for seen in outcome.observed)

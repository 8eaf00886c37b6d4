"""A value of another type than a rule means decides nothing, and changes nothing else."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.engine.outcome import Outcome
from auditor.model.enums import Verdict
from auditor.policy.compiled import ActiveRule
from tests.unit.engine.making import active, judge, plan

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
NOT_APPLICABLE = Verdict.NOT_APPLICABLE
SWITCH = "!object.?a.orValue(false)"
TEXT, NUMBER = 'the API server answers "cannot unmarshal string"', '"cannot unmarshal number"'


class Case(NamedTuple):
    """A check, a body, the verdict that is right, and what is told."""

    check: str
    body: dict[str, Any]
    verdict: Verdict
    told: str = ""
    when: str = ""
    each: str = ""


CASES = {
    "a quoted number": Case(
        "object.a != 0", {"a": "0"}, UNKNOWN, f"a is a string, not an integer; {TEXT}"
    ),
    "it would fail": Case("object.a == 0", {"a": "0"}, UNKNOWN, "a is a string"),
    "a quoted number, optional": Case("object.?a != optional.of(0)", {"a": "0"}, UNKNOWN, "a is"),
    "in a list": Case("object.a in [0, 1]", {"a": "0"}, UNKNOWN, "a is a string"),
    "not in a list": Case("!(object.a in ['x'])", {"a": 5}, UNKNOWN, "a is a number, not a string"),
    "a quoted switch": Case(SWITCH, {"a": "true"}, UNKNOWN, "a is a string, not a boolean"),
    "a number for a switch": Case(SWITCH, {"a": 1}, UNKNOWN, "a is a number, not a boolean"),
    "a switch for a text": Case("object.a == 'x'", {"a": True}, UNKNOWN, "a boolean, not a string"),
    "a fraction": Case("object.a != 0", {"a": 0.5}, UNKNOWN, "a is a fraction, not an integer"),
    "a list for a text": Case("object.a != 'x'", {"a": ["x"]}, UNKNOWN, '"cannot unmarshal array"'),
    "a map for a number": Case("object.a != 1", {"a": {}}, UNKNOWN, '"cannot unmarshal object"'),
    "a text for a list": Case("size(object.?a.orValue([])) == 0", {"a": ""}, UNKNOWN, "not a list"),
    "a list for a map": Case("size(object.?a.orValue({})) == 0", {"a": []}, UNKNOWN, "not a map"),
    "deep": Case(
        "object.l.all(e, e.x.y != 1)",
        {"l": [{"x": {"y": 2}}, {"x": {"y": "1"}}]},
        UNKNOWN,
        "l[1].x.y is a string",
    ),
    "among the elements": Case("!('x' in object.l)", {"l": ["y", 1]}, UNKNOWN, "l[1] is a number"),
    "below a key": Case("object.m.all(k, object.m[k] != 'x')", {"m": {"k": 1}}, UNKNOWN, "m.k is"),
    "in an element": Case("item.a != 0", {"l": [{"a": "0"}]}, UNKNOWN, "a is", each="object.l"),
    "an element itself": Case(
        "item != 0", {"l": ["0"]}, UNKNOWN, "the element is", each="object.l"
    ),
    "which elements there are": Case(
        "item.b == 1",
        {"l": [{"a": "1", "b": 1}]},
        UNKNOWN,
        "l[0].a is a string",
        each="object.l.filter(e, e.a == 1)",
    ),
    "whether it applies": Case(
        "object.b == 1", {"a": 1, "b": 1}, UNKNOWN, NUMBER, "object.a == 'x'"
    ),
    "it applies not, surely": Case(
        "object.a == 1", {"a": "1", "b": 1}, NOT_APPLICABLE, when="object.b == 2"
    ),
    "another operand decided": Case("object.a == 1 || object.b == 1", {"a": "1", "b": 1}, PASS),
    "another operand failed": Case("object.a == 1 && object.b == 1", {"a": "1", "b": 2}, FAIL),
    "another element decided": Case("object.l.exists(e, e == 'x')", {"l": [1, "x"]}, PASS),
    # and what is of no wrong type
    "an integer, written otherwise": Case("object.a == 1", {"a": 1.0}, PASS),
    "any number has an order": Case("object.a > 1", {"a": 1.5}, PASS),
    "nothing": Case("object.?a.orValue(1) == 1", {"a": None, "b": 1}, FAIL),
    "not there": Case("object.?a.orValue(1) == 1", {}, PASS),
    "no rule reads it": Case("object.a == 1", {"a": 1, "b": "1"}, PASS),
    "its type is asked for": Case("type(object.a) != int || object.a != 1", {"a": "1"}, PASS),
    "both are handled": Case("object.a != 1 && object.a != '1'", {"a": "2"}, PASS),
    "in when and check": Case("object.a != 1", {"a": "2"}, PASS, when="object.a != '1'"),
    "dyn": Case("dyn(object.a) != 1", {"a": "1"}, PASS),
    "presence": Case("has(object.a)", {"a": "1"}, PASS),
    "a port by name": Case("object.port != 80", {"port": "http"}, PASS),
    "a port by number": Case("object.targetPort != 'http'", {"targetPort": 80}, PASS),
    "a quantity": Case("object.limits.cpu != '1'", {"limits": {"cpu": 1}}, PASS),
    "any quantity": Case("object.hard.all(k, object.hard[k] != '1')", {"hard": {"a": 1}}, PASS),
    "no port at all": Case("object.port != 80", {"port": True}, UNKNOWN, "port is a boolean"),
    "a template": Case("object.a != 1", {"a": "{{ .Values.a }}"}, UNKNOWN, "template"),
    "what was a secret": Case("object.b != 1", {"b": "«redacted:by-name»"}, PASS),
}


def outcomes(case: Case, *, memo: bool = True) -> list[Outcome]:
    rule = active(case.check, when=case.when, each=case.each)
    return judge(plan(rule, memo=memo), case.body)[0]


@pytest.mark.parametrize("name", CASES)
def test_what_a_wrong_type_decides(name: str) -> None:
    case = CASES[name]
    for memo in (True, False):
        found = outcomes(case, memo=memo)
        assert [outcome.verdict for outcome in found] == [case.verdict]
        assert case.told in found[0].message
        assert ("cannot unmarshal" in found[0].message) is (case.told not in {"", "template"})


def test_the_value_is_shown_at_its_place() -> None:
    body = {"l": [{"name": "x", "a": [{"b": "1"}]}]}
    rule = active("item.a.all(e, e.b != 1)", each="object.l")
    (outcome,) = judge(plan(rule), body)[0]
    assert outcome.element == "l x"
    assert [(each.path, each.value) for each in outcome.observed] == [
        (("l", 0, "a", 0, "b"), '"1"')
    ]
    (outcome,) = judge(plan(active("object.l[0].a != 1")), body)[0]
    assert [each.value for each in outcome.observed] == ['"(a list)"']


def test_the_field_that_decides_is_named() -> None:
    rule = active("object.b == true ? object.c == 1 : object.a == 'x'")
    (outcome,) = judge(plan(rule), {"a": 1, "b": False, "c": "1"})[0]
    assert outcome.message.startswith("not decided: a is a number, not a string;")


NO_MAP = {
    "a text": ("object.a.b.c == 1", "", {"a": {"b": "x"}}, "a.b is a string, not a map;"),
    "optional": ("object.?a.?b.?c.orValue(1) == 1", "", {"a": 7}, "a is a number, not a map;"),
    "in an element": (
        "item.?a.?b.orValue(1) == 1",
        "object.l",
        {"l": [{"a": True}]},
        "a is a bool",
    ),
    "nothing there": ("object.a.b == 1", "", {"a": {}}, "no such key: b"),
}


@pytest.mark.parametrize(("check", "each", "body", "told"), NO_MAP.values(), ids=NO_MAP.keys())
def test_what_should_have_been_a_map_is_named(
    check: str, each: str, body: dict[str, Any], told: str
) -> None:
    (outcome,) = judge(plan(active(check, each=each)), body)[0]
    assert outcome.verdict is UNKNOWN
    assert outcome.message.startswith(f"not decided: {told}")


def test_rules_that_disagree_have_each_their_own_verdict() -> None:
    rules = [active("object.a == 1"), active("object.a == 'x'"), active("has(object.a)")]
    found, counted = judge(plan(*rules), {"a": 1})
    assert [each.verdict for each in found] == [PASS, UNKNOWN, PASS]
    assert sum(counted.values()) == len(rules)


@pytest.mark.parametrize("text", ["1", True, [], {}, 1.5])
def test_a_memo_tells_types_apart(text: object) -> None:
    made = plan(active("object.?a.orValue(1) != 0"), everything=False)
    for value, verdict in ((1, None), (text, UNKNOWN), (1, None), (0, FAIL), (text, UNKNOWN)):
        found, _ = judge(made, {"a": value})
        assert [each.verdict for each in found] == ([verdict] if verdict else [])


VALUES: dict[str, list[object]] = {
    "bool": [True, False],
    "int": [0, 1, 2],
    "string": ["", "x", "0", "true"],
    "list": [[], ["x"], ["y"]],
    "map": [{}, {"x": 1}],
}
CHECKS = {
    "bool": ["object.f", "!object.?f.orValue(false)", "object.f == true", "object.f || object.t"],
    "int": [
        "object.f != 0",
        "object.?f.orValue(1) < 1",
        "object.f in [1, 2]",
        "object.?f != optional.of(1)",
    ],
    "string": ["object.f != 'x'", "object.?f.orValue('') == ''", "!(object.f in ['x', '0'])"],
    "list": ["size(object.?f.orValue([])) == 0", "!('x' in object.?f.orValue([]))"],
    "map": ["size(object.?f.orValue({})) == 0", "!('x' in object.?f.orValue({}))"],
}
RULES: dict[str, list[tuple[str, ActiveRule]]] = {
    kind: [(check, active(check)) for check in checks] for kind, checks in CHECKS.items()
}


@given(st.sampled_from(sorted(VALUES)), st.data(), st.booleans())
@example("int", None, False)
def test_no_wrong_type_passes_or_fails(kind: str, data: Any, side: bool) -> None:  # noqa: FBT001
    """Where the value decides: two right ones have two verdicts, any wrong one has none."""
    if data is None:
        return
    _, rule = data.draw(st.sampled_from(RULES[kind]))
    wrong = data.draw(st.sampled_from([v for k in VALUES if k != kind for v in VALUES[k]]))
    made = plan(rule)

    def verdict(value: object) -> Verdict:
        body = msgspec.json.encode({"f": value, "t": side})
        return made.judge(body)[0].outcomes[0].verdict

    right = {verdict(value) for value in VALUES[kind]}
    assert right <= {PASS, FAIL}
    assert {verdict(wrong)} == ({UNKNOWN} if len(right) > 1 else right)

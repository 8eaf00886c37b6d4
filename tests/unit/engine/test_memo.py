"""Judging each distinct slice once gives what judging each body gives."""

from __future__ import annotations

import functools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.engine.kinds import KindPlan, Plans
from auditor.engine.slices import Slicer, unite
from auditor.engine.tiers import rule_reads
from auditor.platforms import PLATFORMS
from auditor.policy.compiled import ActiveRule
from auditor.secrets import redact
from tests.sweeps import examples
from tests.unit.engine.making import active, plan

NAMES = ("a", "b", "items", "name", "value", "spec", "env")
CHECKS = (
    "object.a == 1",
    "object.?a.?b.orValue(1) == 1",
    "has(object.a.b)",
    "!has(object.spec) || object.spec.a == object.b",
    "object.items.all(x, x.a == 1)",
    "object.items.exists(x, has(x.name) && x.name == 'b')",
    "size(object.items) > 1",
    "'b' in object.a",
    "object.a in [dyn(1), dyn('b')]",
    "object.a == object.b",
    "object.spec.items[0] == 1",
    "object.spec.?items[?0].orValue(1) == 1",
    "object.a.map(k, k) == ['b']",
    "object.a < 2",
    "type(object.a) == int",
    "object[object.name] == 1",
    "object.items.filter(x, has(x.a)).size() < 2",
    "string(object.value) == '1'",
    "object == {}",
)
WHENS = (
    "",
    "",
    "has(object.a)",
    "object.b == 1",
    "object.?spec.?a.hasValue()",
    "size(object.items) > 0",
)
EACHES = (
    "object.items",
    "object.?items.orValue([])",
    "object.?a.orValue([]) + object.?items.orValue([])",
    "object.items.filter(x, has(x.a))",
    "object.spec.items",
)
ITEM_CHECKS = ("item.a == 1", "has(item.b)", "!has(item.env)", "item == 1", "item.a == object.b")
MESSAGES = ("bad", "{object.a} and {object.?b.?a.orValue('none')}", "{object.name}")
ITEM_MESSAGES = ("{item.name}", "{item}", "{object.name} {item.?b.orValue(0)}")

SCALARS = st.sampled_from((None, True, False, 0, 1, 2, 1.0, "", "b", "a", "1"))
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5)


@functools.cache
def compiled(check: str, each: str, when: str, message: str) -> ActiveRule:
    return active(check, each=each, when=when, message=message)


@st.composite
def rules(draw: st.DrawFn) -> ActiveRule:
    when = draw(st.sampled_from(WHENS))
    if draw(st.booleans()):
        check, each = draw(st.sampled_from(ITEM_CHECKS)), draw(st.sampled_from(EACHES))
        return compiled(check, each, when, draw(st.sampled_from(ITEM_MESSAGES)))
    return compiled(draw(st.sampled_from(CHECKS)), "", when, draw(st.sampled_from(MESSAGES)))


@st.composite
def families(draw: st.DrawFn) -> list[dict[str, object]]:
    """Bodies that differ from one another in a value or a field, inside the slice or outside."""
    body = draw(BODIES)
    family = [body]
    for _ in range(draw(st.integers(2, 6))):
        family.append(_edited(draw, draw(st.sampled_from(family))))
    return family + draw(st.lists(st.sampled_from(family), max_size=3))


def _edited(draw: st.DrawFn, body: dict[str, object]) -> dict[str, object]:
    copy = msgspec.json.decode(msgspec.json.encode(body))
    place: object = copy
    while isinstance(place, dict):
        name = draw(st.sampled_from(NAMES))
        inside = place.get(name)
        if isinstance(inside, dict) and draw(st.booleans()):
            place = inside
            continue
        if isinstance(inside, list) and inside and draw(st.booleans()):
            index = draw(st.integers(0, len(inside) - 1))
            if isinstance(inside[index], dict):
                place = inside[index]
                continue
            inside[index] = draw(VALUES)
            break
        if name in place and draw(st.booleans()):
            del place[name]
        else:
            place[name] = draw(VALUES)
        break
    return copy


def said(made: KindPlan, body: object) -> object:
    """All that a plan says of a body, in an order of its own."""
    judgements = made.judge(msgspec.json.encode(body))
    outcomes = [outcome for judgement in judgements for outcome in judgement.outcomes]
    outcomes.sort(key=lambda outcome: (outcome.rule, str(outcome.at), outcome.element))
    return outcomes, sum(judgement.tally for judgement in judgements)


@pytest.mark.bulk
@pytest.mark.parametrize("everything", [True, False])
@given(chosen=st.lists(rules(), min_size=1, max_size=4), family=families())
@examples(100)
def test_memo_changes_nothing(
    chosen: list[ActiveRule], family: list[dict[str, object]], *, everything: bool
) -> None:
    remembering = plan(*chosen, everything=everything)
    forgetting = plan(*chosen, everything=everything, memo=False)
    for body in family:
        assert said(remembering, body) == said(forgetting, body), body
    for body in family:
        first = plan(*chosen, everything=everything, begun=False)
        assert said(first, body) == said(forgetting, body), body


@pytest.mark.long
@given(st.lists(rules(), min_size=1, max_size=4), families())
@settings(max_examples=20_000, deadline=None)
def test_memo_changes_nothing_at_length(
    chosen: list[ActiveRule], family: list[dict[str, object]]
) -> None:
    remembering, forgetting = plan(*chosen), plan(*chosen, memo=False)
    for body in family:
        assert said(remembering, body) == said(forgetting, body), body


@given(st.lists(rules(), min_size=1, max_size=3), families())
@examples(100)
def test_equal_slices_have_equal_verdicts(
    chosen: list[ActiveRule], family: list[dict[str, object]]
) -> None:
    """The promise of a slice by itself, without the machinery that uses it."""
    slicer = Slicer(unite(rule_reads(rule, PLATFORMS.shape_of("k8s/Thing")) for rule in chosen))
    forgetting = plan(*chosen, memo=False)
    by_slice: dict[bytes, object] = {}
    for body in family:
        key = slicer.cut(msgspec.json.encode(body))
        assert by_slice.setdefault(key, said(forgetting, body)) == said(forgetting, body)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"a": 1, "b": 1}, {"a": 1, "b": 2}, id="a field that no rule reads"),
        pytest.param({"a": 1}, {"b": [], "a": 1}, id="another order"),
        pytest.param({"a": 1, "x": {"a": 2}}, {"a": 1, "x": {"a": 3}}, id="deep below"),
    ],
)
def test_what_is_not_read_makes_no_new_slice(one: object, other: object) -> None:
    slicer = Slicer(rule_reads(active("object.a == 1"), PLATFORMS.shape_of("k8s/Thing")))
    assert slicer.cut(msgspec.json.encode(one)) == slicer.cut(msgspec.json.encode(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"a": 1}, {"a": 2}, id="value"),
        pytest.param({"a": 1}, {"a": 1.0}, id="int and double"),
        pytest.param({"a": 1}, {"a": True}, id="int and bool"),
        pytest.param({"a": 1}, {"a": "1"}, id="int and string"),
        pytest.param({"a": None}, {}, id="null and absent"),
        pytest.param({"a": []}, {"a": {}}, id="list and map"),
        pytest.param({"a": [1, 2]}, {"a": [2, 1]}, id="order of a list"),
        pytest.param({"a": ""}, {"a": None}, id="empty and null"),
    ],
)
def test_what_is_read_makes_another_slice(one: object, other: object) -> None:
    slicer = Slicer(rule_reads(active("object.a == 1"), PLATFORMS.shape_of("k8s/Thing")))
    assert slicer.cut(msgspec.json.encode(one)) != slicer.cut(msgspec.json.encode(other))


def test_evidence_is_there_however_little_the_message_shows_of_it() -> None:
    """The length of a list decides, and the message names a field: the evidence is the list."""
    rule = active("size(object.env) > 1", message="{object.env.map(x, x.a)}")
    bodies = [{"env": [{"name": "a", "a": 1, "b": number}]} for number in (1, 2)]
    remembering, forgetful = plan(rule, memo=True), plan(rule, memo=False)
    told = [said(remembering, body) for body in bodies]
    assert told == [said(forgetful, body) for body in bodies]
    assert told[0] != told[1]


def test_numbers_beyond_64_bits_are_judged_without_a_slice() -> None:
    body = {"a": 1 << 70}
    made = plan(active("object.a == 1"))
    assert said(made, body) == said(plan(active("object.a == 1"), memo=False), body)


SECRETS = ("plain", "hf_" + "a" * 34, "hf_" + "b" * 34, "s3cret-value", "true", "", "http://u:p@h/")
VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(("API_TOKEN", "MODE", "DB_PASSWORD", "HOME")),
        "value": st.sampled_from(SECRETS) | st.none(),
        "other": st.integers(0, 2),
    },
)
PODS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(("Secret", "ConfigMap")),
        "apiVersion": st.sampled_from(("v1", "v2")),
        "data": st.dictionaries(st.sampled_from("ab"), st.sampled_from(SECRETS)) | st.none(),
        "env": st.lists(VARIABLES, max_size=3) | st.none(),
        "args": st.lists(st.sampled_from((*SECRETS, "--token=abc", "--mode=x")), max_size=2),
        "other": st.sampled_from(SECRETS),
    },
)
SECRET_RULES = (
    active("!item.value.startsWith('hf_')", each="object.?env.orValue([])"),
    active("item.value != 's3cret-value'", each="object.env", message="{item.name}: {item.value}"),
    active("!has(object.data.a) || object.data.a == 'plain'", message="{object.data.a}"),
    active("object.args.all(a, !a.contains('abc'))", message="{object.args[0]}"),
    active("!has(object.env)"),
    active("object.env.size() < 2", when="has(object.env)"),
)


@given(st.lists(PODS, min_size=2, max_size=6))
@examples(100)
def test_secrets_are_hidden_with_and_without_a_memo(bodies: list[dict[str, object]]) -> None:
    """A body is cut before its secrets are replaced, and judged after."""
    remembering, forgetting = plan(*SECRET_RULES), plan(*SECRET_RULES, memo=False)
    cleaned = plan(*SECRET_RULES, memo=False)
    for body in [*bodies, *bodies]:
        raw = msgspec.json.encode(body)
        told = forgetting.judge(raw, clean=False)
        assert remembering.judge(raw, clean=False) == told
        assert plan(*SECRET_RULES, begun=False).judge(raw, clean=False) == told
        assert cleaned.judge(redact.clean(raw)) == told
        text = str(told)
        assert "hf_" + "a" * 34 not in text
        assert "hf_" + "b" * 34 not in text


def test_judgements_that_are_alike_share_the_integers_that_count_them() -> None:
    """Of hundreds of rules each has kilobytes, and thousands of judgements are remembered."""
    made = plan(active("item.a == 1", each="object.items"), active("has(object.b)"))
    first, other = (
        made.judge(msgspec.json.encode({"items": [{"a": 1}, {"a": 2}], "b": value}))
        for value in (1, {"c": 2})
    )
    assert sum(each.tally for each in first) == sum(each.tally for each in other)
    shared = {id(tally) for each in first for tally in each.tallies}
    assert {id(tally) for each in other for tally in each.tallies} == shared


def test_a_plan_that_was_forgotten_is_made_again() -> None:
    rule = active("object.a == 1", kinds=["k8s/Pod"])
    plans = Plans([rule], list_all=False, memo=True)
    body = msgspec.json.encode({"a": 2})
    before = plans.get("k8s/Pod")
    plans.forget()
    after = plans.get("k8s/Pod")
    assert before is not None
    assert after is not None
    assert after is not before
    assert after.judge(body) == before.judge(body)

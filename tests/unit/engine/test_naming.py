"""Names are put into messages last: what is remembered has none, and no message is another's."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.kinds import KindPlan
from auditor.engine.naming import Naming
from auditor.platforms.shape import PLAIN
from auditor.policy.compiled import MessageTemplate
from tests.sweeps import examples
from tests.unit.engine.making import active, judge, plan

BY_NAME = "{object.metadata.name} of {object.metadata.namespace} has {object.a}"
RULE = active("object.a == 1", message=BY_NAME)


def thing(name: object, a: object = 0, namespace: object = "ml") -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": namespace}, "a": a}


def told(made: KindPlan, body: object) -> list[str]:
    return [outcome.message for outcome in judge(made, body)[0] if outcome.message]


def blank(message: MessageTemplate) -> list[str]:
    """What a message has in place of its parts."""
    return [part if isinstance(part, str) else f"{{{part.source}}}" for part in message.parts]


def test_a_message_is_that_of_its_own_body() -> None:
    made = plan(RULE)
    for name in ("web-1", "web-2", "web-1"):
        assert told(made, thing(name)) == [f"{name} of ml has 0"]
    assert told(made, thing("web-3", 2)) == ["web-3 of ml has 2"]


def test_equal_slices_are_judged_once() -> None:
    """What was observed is then the same object, and not only equal."""
    made = plan(RULE)
    first, second, other = (judge(made, thing(name, a))[0][0] for name, a in NAMED)
    assert [first.message, second.message] == ["web-1 of ml has 0", "web-2 of ml has 0"]
    assert first.observed is second.observed
    assert other.observed is not first.observed
    forgetting = plan(RULE, memo=False)
    first, second, _ = (judge(forgetting, thing(name, a))[0][0] for name, a in NAMED)
    assert first.observed is not second.observed


NAMED = (("web-1", 0), ("web-2", 0), ("web-1", 2))
READS = {
    "the rule reads the name": (
        "object.metadata.name != 'a'",
        "{object.metadata.name}",
        ["{object.metadata.name}"],
    ),
    "the rule reads what is above it": (
        "has(object.metadata) && size(object.metadata) > 9",
        "{object.metadata.name}",
        ["{object.metadata.name}"],
    ),
    "the message makes something of it": (
        "object.a == 1",
        "{object.metadata.name + 'x'}",
        ["{object.metadata.name + 'x'}"],
    ),
    "it is no name": ("object.a == 1", "{object.image}", ["{object.image}"]),
    "it is one": ("object.a == 1", "a {object.metadata.name}, {object.name}", ["a \ud800, \ud801"]),
    "two of one": ("object.a == 1", "{object.name} {object.name}", ["\ud800 \ud800"]),
    "no expression": ("object.a == 1", "bad", ["bad"]),
}


@pytest.mark.parametrize(("check", "message", "parts"), READS.values(), ids=READS)
def test_what_is_left_blank(check: str, message: str, parts: list[str]) -> None:
    rule = active(check, message=message)
    assert blank(Naming(PLAIN).without(rule).message) == parts


def test_elements_are_told_by_what_they_have() -> None:
    """The name of an element is a part of its slice, and not left out of it."""
    rule = active("item.b", each="object.list", message="{item.name} of {object.metadata.name}")
    made = plan(rule)
    body = {"metadata": {"name": "x"}, "list": [{"name": "c", "b": False}]}
    assert blank(Naming(PLAIN).without(rule).message) == ["{item.name}", " of \ud800"]
    assert told(made, body) == ["c of x"]
    assert told(made, {**body, "list": [{"name": "d", "b": False}]}) == ["d of x"]


NAMES = [None, "", "a", "{{ .Values.name }}", "🦀", "a\x00b", 7, True, 1.5, ["a", "b"], {"a": 1}]


@pytest.mark.parametrize("name", NAMES, ids=map(repr, NAMES))
def test_any_value_is_shown_as_it_always_was(name: object) -> None:
    """Also where there is none: as a message that can't be left blank shows it."""
    other = active("object.a == 1", message="{[object.metadata.name][0]}")
    plain = active("object.a == 1", message="{object.metadata.name}")
    for memo in (True, False):
        assert told(plan(plain, memo=memo), thing(name)) == told(
            plan(other, memo=memo), thing(name)
        )


@pytest.mark.parametrize("memo", [True, False], ids=["memo", "no memo"])
def test_a_name_that_is_not_there(*, memo: bool) -> None:
    assert told(plan(RULE, memo=memo), {"a": 0}) == ["(no name) of ? has 0"]


def test_a_blank_can_be_in_no_body() -> None:
    """Half of a surrogate pair is no text to whatever reads JSON."""
    with pytest.raises(msgspec.DecodeError):
        plan(RULE).judge(b'{"metadata": {"name": "\\ud800"}, "a": 0}')
    body = thing("a\U00010000b", 0, "\U00010000")
    assert told(plan(RULE), body) == ["a\U00010000b of \U00010000 has 0"]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 2)), min_size=1, max_size=12))
@examples(60)
def test_names_are_never_mixed_up(things: list[tuple[str, str, int]]) -> None:
    """Whatever they are, messages are those of a plan that remembers nothing of them."""
    spelled = active(
        "object.a == 1",
        message="{object.metadata.name + ''} of {object.metadata.namespace + ''} has {object.a}",
    )
    made, plain = plan(RULE), plan(spelled, memo=False)
    for name, namespace, a in things:
        body = thing(name, a, namespace)
        assert told(made, body) == told(plain, body)


def test_secrets_in_names_are_left_out() -> None:
    """A body that is not clean yet is looked through as far as its names are read."""
    token = "ghp_" + "a1B2" * 9
    raw = json.dumps(thing(token)).encode()
    [found] = plan(RULE).judge(raw, clean=False)
    assert "«redacted:github-token»" in found.outcomes[0].message
    assert token not in found.outcomes[0].message

"""What rules say of bodies: verdicts, elements, messages, observed values, and what errors cost."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from auditor.cel import DYN, Environment, Function
from auditor.cel.library import standard_library
from auditor.cel.tracing_scopes import DETAILS
from auditor.engine.outcome import Seen
from auditor.model.enums import Verdict
from tests.unit.engine.making import active, judge, plan

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
NOT_APPLICABLE = Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("check", "when", "body", "verdict", "message"),
    [
        pytest.param("object.a == 1", "", {"a": 1}, PASS, "", id="pass"),
        pytest.param("object.a == 1", "", {"a": 2}, FAIL, "bad", id="fail"),
        pytest.param(
            "object.a == 1",
            "",
            {},
            UNKNOWN,
            "not decided: no such key: a (title of r)",
            id="absent",
        ),
        pytest.param("object.?a.orValue(1) == 1", "", {}, PASS, "", id="absent, with a default"),
        pytest.param(
            "object.a == 1", "object.b", {"b": False}, NOT_APPLICABLE, "", id="when false"
        ),
        pytest.param("object.a == 1", "object.b", {"a": 1, "b": True}, PASS, "", id="when true"),
        pytest.param(
            "object.a == 1", "object.b", {"a": 2, "b": True}, FAIL, "bad", id="when, fail"
        ),
        pytest.param(
            "object.a == 1",
            "object.b",
            {"a": 1},
            UNKNOWN,
            "not decided: no such key: b (title of r)",
            id="when has an error",
        ),
        pytest.param(
            "object.a == 1",
            "dyn(object.b)",
            {"a": 1, "b": "yes"},
            UNKNOWN,
            "not decided: the result is not true or false (title of r)",
            id="when is not a bool",
        ),
        pytest.param(
            "dyn(object.a)",
            "",
            {"a": "true"},
            UNKNOWN,
            "not decided: the result is not true or false (title of r)",
            id="check is not a bool",
        ),
        pytest.param("object.a", "", {"a": 1}, UNKNOWN, None, id="one is not true"),
        pytest.param("object.a || object.b", "", {"a": True}, PASS, "", id="an error absorbed"),
        pytest.param(
            "object.a && object.b", "", {"b": False}, FAIL, "bad", id="absorbed on the left"
        ),
        pytest.param("object.a || object.b", "", {"a": False}, UNKNOWN, None, id="not absorbed"),
    ],
)
def test_verdicts(
    check: str, when: str, body: object, verdict: Verdict, message: str | None
) -> None:
    rule = active(check, when=when)
    for memo in (True, False):
        outcomes, counted = judge(plan(rule, memo=memo), body)
        assert [outcome.verdict for outcome in outcomes] == [verdict]
        assert counted == {(0, verdict): 1}
        if message is not None:
            assert outcomes[0].message == message


def test_only_what_decides_against_is_listed() -> None:
    rules = [active(f"object.a == {value}") for value in (1, 2)] + [active("true", when="false")]
    outcomes, counted = judge(plan(*rules, everything=False), {"a": 1})
    assert [(outcome.rule, outcome.verdict) for outcome in outcomes] == [(1, FAIL)]
    assert counted == {(0, PASS): 1, (1, FAIL): 1, (2, NOT_APPLICABLE): 1}


@pytest.mark.parametrize(
    ("each", "body", "expected"),
    [
        pytest.param(
            "object.xs",
            {"xs": [{"name": "a", "ok": True}, {"name": "b", "ok": False}]},
            [("x a", PASS, ("xs", 0)), ("x b", FAIL, ("xs", 1))],
            id="by name",
        ),
        pytest.param("object.xs", {"xs": []}, [], id="no element, nothing to say"),
        pytest.param("object.?xs.orValue([])", {}, [], id="no list, by the rule's own word"),
        pytest.param("object.xs", {}, [("", UNKNOWN, ())], id="no list"),
        pytest.param("object.xs", {"xs": {"a": 1}}, [("", UNKNOWN, ())], id="a map is not a list"),
        pytest.param(
            "object.entries", {"entries": [{"ok": False}]}, [("entry [0]", FAIL, ("entries", 0))],
            id="without a name",
        ),
        pytest.param(
            "object.?a.orValue([]) + object.b",
            {"a": [{"name": "x", "ok": False}], "b": [{"key": "y", "ok": False}]},
            [("a x", FAIL, ("a", 0)), ("b y", FAIL, ("b", 0))],
            id="two lists",
        ),
        pytest.param(
            "object.xs.filter(x, x.ok)",
            {"xs": [{"name": "n", "ok": False}, {"name": "y", "ok": True}]},
            [("x y", PASS, ("xs", 1))],
            id="some of a list",
        ),
        pytest.param(
            "[{'name': dyn('made'), 'ok': object.ok}]",
            {"ok": False},
            [("element made", FAIL, ())],
            id="made up",
        ),
        pytest.param("object.xs", {"xs": ["a"]}, [("x a", UNKNOWN, ("xs", 0))], id="odd element"),
    ],
)  # fmt: skip
def test_elements(each: str, body: object, expected: list[object]) -> None:
    outcomes, counted = judge(plan(active("item.ok", each=each)), body)
    assert [(outcome.element, outcome.verdict, outcome.at) for outcome in outcomes] == expected
    assert sum(counted.values()) == len(expected)


def test_elements_chosen_by_parameters() -> None:
    """Two rules with one ``each`` and other parameters look at other elements."""
    body = {"xs": [{"name": "a", "ok": False}, {"name": "b", "ok": False}]}
    each = "object.xs.filter(x, x.name == params.only)"
    rules = [active("item.ok", each=each, params={"only": name}) for name in ("a", "b")]
    outcomes, _ = judge(plan(*rules), body)
    assert [(outcome.rule, outcome.element) for outcome in outcomes] == [(0, "x a"), (1, "x b")]


@pytest.mark.parametrize(
    ("check", "each", "body", "seen"),
    [
        pytest.param("object.a == 1", "", {"a": 2}, [(("a",), "2")], id="value"),
        pytest.param("object.?a.orValue(0) == 1", "", {}, [(("a",), "")], id="absent"),
        pytest.param("object.a.b == 1", "", {"a": {"b": "x"}}, [(("a", "b"), '"x"')], id="deep"),
        pytest.param("!has(object.a.b)", "", {"a": {"b": 1}}, [(("a", "b"), "1")], id="presence"),
        pytest.param(
            "item.ok", "object.xs", {"xs": [{"ok": False}]}, [(("xs", 0, "ok"), "false")], id="item"
        ),
        pytest.param(
            "!object.xs.exists(x, x == 2)", "", {"xs": [1, 2]}, [(("xs", 1), "2")], id="which one"
        ),
        pytest.param(
            "object.a == 1 || object.b == 1",
            "",
            {"a": 2, "b": 3},
            [(("a",), "2"), (("b",), "3")],
            id="both sides",
        ),
        pytest.param(
            "object.a == 1 && object.b == 1", "", {"a": 2, "b": 1}, [(("a",), "2")], id="the one"
        ),
        pytest.param(
            "!('b' in object.xs)", "", {"xs": ["a", "b"]}, [(("xs", 1), '"b"')], id="held by a list"
        ),
        pytest.param(
            "'c' in object.xs && object.xs.exists(x, x == 'a')",
            "",
            {"xs": ["a", "b"]},
            [(("xs",), '["a","b"]')],
            id="not held by a list, of which an element is read beside",
        ),
        pytest.param("size(object.s) < 9", "", {"s": "ü~/"}, [], id="pass: nothing"),
    ],
)
def test_observed(check: str, each: str, body: object, seen: list[tuple[object, str]]) -> None:
    outcomes, _ = judge(plan(active(check, each=each)), body)
    (outcome,) = outcomes
    assert [(part.path, part.value) for part in outcome.observed] == seen


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("x" * 5000, "5000 characters"),
        ("echo\n" * 1000, "5000 characters in 1000 lines"),
        ("echo\n" * 1000 + "end", "5003 characters in 1001 lines"),
        (["x"] * 2000, "8001 bytes of JSON"),
    ],
)
def test_a_long_value_is_not_repeated(value: object, told: str) -> None:
    (outcome,), _ = judge(plan(active("object.a == dyn(['y'])")), {"a": value})
    assert outcome.observed == (Seen(("a",), f'"({told}, not repeated here)"'),)


def test_a_joined_list_points_at_its_parts() -> None:
    rule = active("item.ok", each="object.allContainers", kinds=["k8s/PodTemplate"])
    body = {
        "spec": {
            "initContainers": [{"name": "i", "ok": True}],
            "containers": [{"name": "c", "ok": False}],
            "ephemeralContainers": [{"name": "e", "ok": False}],
        }
    }
    outcomes, _ = judge(plan(rule, kind="k8s/PodTemplate", everything=False), body)
    assert [(outcome.element, outcome.observed[0].path) for outcome in outcomes] == [
        ("container c", ("spec", "containers", 0, "ok")),
        ("ephemeralContainer e", ("spec", "ephemeralContainers", 0, "ok")),
    ]


def test_messages() -> None:
    rule = active("item.n < 2", each="object.xs", message="{item.name} of {object.a}: {item.gone}")
    outcomes, _ = judge(plan(rule), {"a": "A", "xs": [{"name": "x", "n": 2}]})
    assert [outcome.message for outcome in outcomes] == ["x of A: ?"]


def broken() -> Environment:
    """An environment with a function that has a bug: ``bug(x)`` raises unless x is 0."""

    def bug(value: object) -> object:
        if value == 0:
            return True
        raise ZeroDivisionError("a bug")

    library = {**standard_library(), "bug": Function("bug", bug, (), "test")}
    return Environment(
        {"object": DYN, "item": DYN, "params": DYN}, functions=library, checked=False
    )


@pytest.mark.parametrize(
    ("part", "source", "element"),
    [
        pytest.param("check", "bug(object.n)", "", id="check"),
        pytest.param("when", "bug(object.n)", "", id="when"),
        pytest.param("each", "[bug(object.n)]", "", id="each"),
    ],
)
def test_a_bug_costs_one_verdict(part: str, source: str, element: str) -> None:
    """Exactly that rule on exactly that body: all others have their verdicts."""
    program = broken().compile(source)
    rule = replace(active("true", name="buggy"), **{part: program})
    made = plan(active("object.n == 1"), rule, active("object.n == 0"))
    outcomes, counted = judge(made, {"n": 1})
    assert [(outcome.rule, outcome.verdict) for outcome in outcomes] == [
        (0, PASS),
        (1, UNKNOWN),
        (2, FAIL),
    ]
    assert outcomes[1].message == (
        "not decided: internal error: ZeroDivisionError: a bug (title of buggy)"
    )
    assert counted == {(0, PASS): 1, (1, UNKNOWN): 1, (2, FAIL): 1}
    again, _ = judge(made, {"n": 0})
    assert [outcome.verdict for outcome in again] == [FAIL, PASS, PASS]


def test_nothing_is_judged_of_no_object() -> None:
    outcomes, _ = judge(plan(active("object.a == 1")), ["a"])
    assert [outcome.verdict for outcome in outcomes] == [UNKNOWN]


def test_all_places_that_are_at_fault_are_seen() -> None:
    """Whoever mends the first of them must not meet the second in the next run."""
    rule = active(
        'object.add.all(c, c == "CHOWN")',
        message='adds {object.add.filter(c, c != "CHOWN")}',
    )
    (outcome,), _ = judge(plan(rule), {"add": ["SYS_ADMIN", "CHOWN", "NET_ADMIN"]})
    assert outcome.observed == (
        Seen(("add", 0), '"SYS_ADMIN"'),
        Seen(("add", 2), '"NET_ADMIN"'),
    )
    assert outcome.message == "adds SYS_ADMIN, NET_ADMIN"


def test_more_places_than_anybody_reads_are_counted() -> None:
    rule = active("object.add.all(c, c == 1)", message="adds {object.add.filter(c, c != 1)}")
    (outcome,), _ = judge(plan(rule), {"add": list(range(100, 140))})
    assert [seen.path for seen in outcome.observed] == [("add", at) for at in range(24)]
    assert outcome.message == "adds 100, 101, 102, 103, 104, 105, 106, 107 and 32 more"


def test_what_a_message_lists_is_cut() -> None:
    rule = active('object.a.all(c, c == "1")', message="has {object.a}")
    (outcome,), _ = judge(plan(rule), {"a": ["x" * 81, "y" * 80]})
    assert outcome.message == f"has {'x' * 80}…, {'y' * 80}"


@pytest.mark.bulk
def test_the_first_place_where_there_are_too_many_to_tell() -> None:
    rule = active("object.a.all(c, c == 1)", message="bad")
    (outcome,), _ = judge(plan(rule), {"a": [0] * (DETAILS + 1)})
    assert outcome.observed == (Seen(("a", 0), "0"),)


def test_places_do_not_change_what_a_finding_is() -> None:
    """Neither its causes: those that are at fault were all in it before."""
    rule = active('object.add.all(c, c == "CHOWN")', message="bad")
    one, two = (judge(plan(rule), {"add": add})[0][0] for add in (["A"], ["CHOWN", "A"]))
    assert (one.key, one.causes) == (two.key, two.causes)

"""A verdict that an expression says it has none of, in its own words."""

from __future__ import annotations

import pytest

from auditor.cel import DYN, CelEvalError, Environment
from auditor.cel.functions import NEVER
from auditor.cel.mutate import mutants

ENVIRONMENT = Environment({"x": DYN})
SOURCE = 'x.closed || (size(x.others) > 0 && undecided("decided by " + x.others[0]))'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"closed": True, "others": ["a"]}, True, id="decided without it"),
        pytest.param({"closed": False, "others": []}, False, id="not reached"),
    ],
)
def test_where_it_does_not_count(value: object, *, expected: bool) -> None:
    assert ENVIRONMENT.compile(SOURCE).run(value) is expected


def test_it_says_why() -> None:
    with pytest.raises(CelEvalError, match=r"\Adecided by a\Z"):
        ENVIRONMENT.compile(SOURCE).run({"closed": False, "others": ["a"]})


def test_a_reason_is_a_text() -> None:
    with pytest.raises(CelEvalError, match="no such overload"):
        ENVIRONMENT.compile("undecided(x)").run(1)


def test_no_api_server_has_it() -> None:
    assert ENVIRONMENT.compile(SOURCE).since() == NEVER


def test_its_words_are_no_condition() -> None:
    """No example could notice another sentence."""
    program = ENVIRONMENT.compile('x || undecided("why")')
    changed = [str(mutant.tree) for mutant in mutants(program.tree())]
    assert changed
    assert not any("why~" in each or '""' in each for each in changed)

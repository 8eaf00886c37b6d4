"""The gate's language and its decisions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.gate import decide, parse_gate
from auditor.errors import UsageError
from auditor.model.enums import Decision, Severity
from tests.sweeps import examples

TALLIES = {
    ("fail", "critical"): 1,
    ("fail", "medium"): 12,
    ("unknown", "high"): 2,
}


@pytest.mark.parametrize(
    ("gate", "reasons"),
    [
        pytest.param("critical", ["1 finding at or above critical"], id="critical"),
        pytest.param("high", ["1 finding at or above high"], id="at or above"),
        pytest.param("medium", ["13 findings at or above medium"], id="all above"),
        pytest.param("medium>12", ["13 findings at or above medium, 12 allowed"], id="count"),
        pytest.param("medium>13", [], id="count not exceeded"),
        pytest.param("critical>1", [], id="critical allowed"),
        pytest.param("unknown", ["2 undecided findings"], id="unknown"),
        pytest.param("unknown>2", [], id="unknown allowed"),
        pytest.param("coverage<95", ["coverage 90.0 % is below 95 %"], id="coverage"),
        pytest.param("coverage < 90 %", [], id="coverage equal, with spaces"),
        pytest.param("excluded", ["4 files left out by --exclude"], id="left out"),
        pytest.param("excluded>3", ["4 files left out by --exclude, 3 allowed"], id="too many"),
        pytest.param("excluded>4", [], id="as many as are allowed"),
        pytest.param(
            "critical, unknown",
            ["1 finding at or above critical", "2 undecided findings"],
            id="both reasons",
        ),
        pytest.param("never", [], id="never"),
    ],
)
def test_conditions(gate: str, reasons: list[str]) -> None:
    result = decide(parse_gate(gate), TALLIES, coverage=0.9, causes=(), excluded=4)
    assert list(result.reasons) == reasons
    assert result.decision is (Decision.FAIL if reasons else Decision.PASS)
    assert result.exit == (1 if reasons else 0)


def test_missing_evidence_is_never_a_pass() -> None:
    result = decide(parse_gate("never"), {}, coverage=1.0, causes=("1 gap: evidence is missing",))
    assert (result.decision, result.exit) == (Decision.INCOMPLETE, 3)
    assert result.reasons == ("1 gap: evidence is missing",)


def test_a_failure_outranks_missing_evidence() -> None:
    result = decide(parse_gate("critical"), TALLIES, coverage=1.0, causes=("1 gap",))
    assert (result.decision, result.exit) == (Decision.FAIL, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("severe", "no condition is named 'severe'", id="unknown word"),
        pytest.param("", "'' is not a condition", id="empty"),
        pytest.param("high,", "'' is not a condition", id="trailing comma"),
        pytest.param("excluded<3", "excluded takes >N, not <N", id="too few left out"),
        pytest.param("high<3", "high takes >N, not <N", id="wrong operator"),
        pytest.param("coverage", "coverage needs <PERCENT", id="coverage alone"),
        pytest.param("coverage>5", "coverage needs <PERCENT", id="coverage above"),
        pytest.param("never, high", "no condition is named 'never'", id="never with others"),
        pytest.param("high>", "'high>' is not a condition", id="no number"),
        pytest.param("high>-1", "'high>-1' is not a condition", id="negative"),
    ],
)
def test_what_is_no_gate(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_gate(text)
    assert message in caught.value.message
    assert caught.value.hint


CONDITIONS = st.one_of(
    st.sampled_from([severity.value for severity in Severity] + ["unknown", "excluded"]),
    st.builds(
        "{}>{}".format,
        st.sampled_from(["high", "LOW ", " unknown", "excluded"]),
        st.integers(0, 999),
    ),
    st.builds("coverage < {}%".format, st.integers(0, 100)),
    st.builds("coverage<{:.2f}".format, st.floats(0, 100)),
)
GATES = st.lists(CONDITIONS, min_size=1, max_size=4).map(",".join) | st.just(" Never ")
COUNTS = st.dictionaries(
    st.tuples(
        st.sampled_from(["fail", "unknown", "pass", "manual", "not-applicable"]),
        st.sampled_from([severity.value for severity in Severity]),
    ),
    st.integers(0, 30),
)


@given(GATES)
def test_a_gate_as_it_is_reported_is_the_same_gate(text: str) -> None:
    gate = parse_gate(text)
    assert parse_gate(gate.expression) == gate


@given(GATES, COUNTS, st.floats(0, 1), st.booleans(), st.integers(0, 20))
def test_decisions(
    text: str,
    tallies: dict[tuple[str, str], int],
    coverage: float,
    incomplete: object,
    excluded: int,
) -> None:
    """Reasons and decision agree; incomplete never passes; more faults never help."""
    causes = ("1 gap",) if incomplete else ()
    gate = parse_gate(text)
    result = decide(gate, tallies, coverage=coverage, causes=causes, excluded=excluded)
    assert bool(result.reasons) == (result.decision is not Decision.PASS)
    assert {Decision.PASS: 0, Decision.FAIL: 1, Decision.INCOMPLETE: 3}[result.decision] == (
        result.exit
    )
    assert not (incomplete and result.decision is Decision.PASS)
    worse = {pair: number + (pair[0] in {"fail", "unknown"}) for pair, number in tallies.items()}
    after = decide(gate, worse, coverage=coverage, causes=causes, excluded=excluded + 1)
    assert result.decision is not Decision.FAIL or after.decision is Decision.FAIL
    harmless = {pair: n for pair, n in tallies.items() if pair[0] in {"fail", "unknown"}}
    again = decide(gate, harmless, coverage=coverage, causes=causes, excluded=excluded)
    assert again == result


@examples(40)
@given(st.text("hignevrukow<>,.% 019é", max_size=20))
def test_any_text_is_a_gate_or_a_usage_error(text: str) -> None:
    try:
        gate = parse_gate(text)
    except UsageError as error:
        hint = error.hint
    else:
        hint = gate.expression
        assert parse_gate(gate.expression) == gate
    assert hint

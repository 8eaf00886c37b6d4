"""The table of standard functions: what the checker and the exporter read from it."""

from __future__ import annotations

import pytest

from auditor.cel.errors import CelEvalError
from auditor.cel.stdlib import STDLIB
from auditor.cel.types import BOOL, INT, STRING, TIMESTAMP, optional_of
from auditor.cel.values import Duration, Timestamp


def test_functions_are_filed_under_their_names() -> None:
    assert {name: function.name for name, function in STDLIB.items()} == {n: n for n in STDLIB}


def test_every_function_has_a_signature_and_a_library() -> None:
    assert [name for name, function in STDLIB.items() if not function.signatures] == []
    assert {function.library for function in STDLIB.values()} == {"standard", "optional"}


def test_what_is_newer_than_the_language() -> None:
    newer = {name: function.since for name, function in STDLIB.items() if function.since}
    assert newer == {
        "first": "1.33",
        "hasValue": "1.28",
        "last": "1.33",
        "optional.none": "1.28",
        "optional.of": "1.28",
        "optional.ofNonZeroValue": "1.28",
        "optional.unwrap": "1.33",
        "or": "1.28",
        "orValue": "1.28",
        "unwrapOpt": "1.33",
        "value": "1.28",
    }


def test_forms_of_matches_and_size() -> None:
    matches = {(form.receiver, form.args) for form in STDLIB["matches"].signatures}
    assert matches == {(STRING, (STRING,)), (None, (STRING, STRING))}
    receivers = [str(form.receiver) for form in STDLIB["size"].signatures if form.receiver]
    assert receivers == ["string", "bytes", "list(?A)", "map(?A, ?B)"]
    assert {form.result for form in STDLIB["size"].signatures} == {INT}


def test_forms_of_the_accessors() -> None:
    year = [(str(form.receiver), form.args) for form in STDLIB["getFullYear"].signatures]
    assert year == [(TIMESTAMP.name, ()), (TIMESTAMP.name, (STRING,))]
    assert len(STDLIB["getHours"].signatures) == len(year) + 1


def test_optionals_have_optionals_as_receivers() -> None:
    (form,) = STDLIB["hasValue"].signatures
    assert (form.receiver, form.result) == (
        optional_of(STDLIB["first"].signatures[0].result.args[0]),
        BOOL,
    )


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("getHours", (Timestamp(0), 5), "no such overload: getHours(google.protobuf.Timestamp)"),
        ("getHours", (5,), "no such overload: getHours(int)"),
        ("getFullYear", (Duration(0),), "no such overload: getFullYear(google.protobuf.Duration)"),
        ("matches", ("a", 5), "no such overload: matches(string, int)"),
        ("size", (True,), "no such overload: size(bool)"),
    ],
)
def test_wrong_arguments(name: str, args: tuple[object, ...], message: str) -> None:
    with pytest.raises(CelEvalError) as raised:
        STDLIB[name].implementation(*args)
    assert str(raised.value) == message


def test_a_pattern_that_is_none() -> None:
    with pytest.raises(CelEvalError):
        STDLIB["matches"].implementation("a", "(")

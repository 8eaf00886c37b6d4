"""Stages and their variables, as they are at each line."""

from __future__ import annotations

import pytest

from tests.unit.collectors.docker.dockerfile.read import body


def bases(text: str) -> list[str]:
    return [stage["base"] for stage in body(text)["stages"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ARG T=1\nFROM a:$T", ["a:1"]),
        ("ARG T=1\nARG T=2\nFROM a:$T", ["a:2"]),
        ("ARG T\nFROM a:$T", ["a:{{ T }}"]),
        ("ARG T\nFROM a:${T:-3}", ["a:3"]),
        ("ARG B=b\nARG C=$B-c\nFROM $C", ["b-c"]),
        ("FROM a:$TARGETARCH", ["a:{{ TARGETARCH }}"]),
        ("FROM a:x$NOBODY", ["a:x"]),
        ("FROM a AS One\nFROM one\nFROM One", ["a", "one", "One"]),
    ],
)
def test_bases(text: str, found: list[str]) -> None:
    assert bases(text) == found


def test_what_a_stage_is_built_on() -> None:
    stages = body("FROM a AS one\nFROM one AS two\nFROM other\nFROM scratch")["stages"]
    assert [stage.get("on") for stage in stages] == [None, 0, None, None]


@pytest.mark.parametrize(
    ("lines", "user"),
    [
        ("ENV U=app\nUSER $U", "app"),
        ("ENV U=a\nENV U=b V=$U\nUSER $V", "a"),
        ("ARG U=app\nUSER $U", "app"),
        ("ARG U\nUSER $U", "{{ U }}"),
        ("ARG G\nUSER $G", "1000"),
        ("USER $G", "{{ G }}"),
        ("USER ${HOME}x", "{{ HOME }}x"),
        ("ENV U=x\nARG U=y\nUSER $U", "y"),
        ("ARG U=x V=$U\nUSER $V", "x"),
    ],
)
def test_variables_of_a_stage(lines: str, user: str) -> None:
    """What neither the stage nor an argument sets may be the base image's."""
    (stage,) = body(f"ARG G=1000\nFROM a\n{lines}")["stages"]
    assert stage["instructions"][-1]["words"] == [user]


def test_nothing_is_set_from_scratch() -> None:
    (stage,) = body("FROM scratch\nLABEL x=a$HOME")["stages"]
    assert stage["instructions"][0]["pairs"] == [{"name": "x", "value": "a"}]


def test_a_stage_has_what_the_one_below_it_set() -> None:
    one, two = body("FROM a AS one\nENV U=x\nARG V=y\nFROM one\nUSER $U:$V")["stages"]
    assert two["instructions"][0]["words"] == ["x:y"]
    assert one["instructions"][0]["pairs"] == [{"name": "U", "value": "x"}]


def test_what_a_stage_sets_off() -> None:
    _, two = body("FROM a AS one\nONBUILD USER app\nONBUILD COPY x\nFROM one\nRUN x")["stages"]
    assert two["instructions"] == [
        {"keyword": "USER", "words": ["app"], "triggered": True},
        {"keyword": "RUN", "words": ["x"]},
    ]


def test_texts_below_a_copy() -> None:
    text = "FROM a\nENV A=1\nCOPY <<E <<'F' /x/\n$A '$A' \\$A\nE\n$A\nF\n"
    (stage,) = body(text)["stages"]
    assert stage["instructions"][1]["texts"] == [
        {"name": "E", "content": "1 '1' $A\n"},
        {"name": "F", "content": "$A\n"},
    ]


def test_another_escape() -> None:
    (stage,) = body("# escape=`\nFROM a\nRUN x `\n  y\nWORKDIR C:\\`$x")["stages"]
    assert [each["words"] for each in stage["instructions"]] == [["x   y"], ["C:\\$x"]]

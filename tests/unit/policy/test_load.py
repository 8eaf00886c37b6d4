"""Whole folders: what is read, from how many folders, and what hostile files come to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.errors import PolicyErrors
from auditor.policy import digest_of, load
from tests.unit.policy.making import CONTROLS, FILES, OTHER_RULE, RULE, complaints, told, write

FILE = "rules/acme-bad.yaml"
MOVE = "or move it out of the way, if it is not a policy"
WHERE = "policy files are *.yaml in its folders controls, profiles, rules, tables"
EVER = "ids are for ever: one that was used once is never used for something else"
ONE_THING = "ids are for ever and for one thing: choose another"
ITS_OWN = "choose another id; controls of yours may name its own: acme:ID"
EXCLUDE = "choose another id; a profile can exclude the other rule"
BOMB = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 8)}]\n"
    for before, name in zip("abcdefg", "bcdefgh", strict=True)
)
HOSTILE = {
    "alias bomb": (BOMB.encode(), ":1:1: its aliases make it larger than 50000 values"),
    "alias of itself": (
        b"id: &a [*a]\n",
        ":1:1: its aliases make it larger than 50000 values",
    ),
    "nested deeply": (b"[" * 100_000, ":1:65: nested deeper than 64"),
    "nested deeply by blocks": (b"- " * 100_000, ":1:129: nested deeper than 64"),
    "not UTF-8": (b"id: a\ntitle: \xff\n", ":2: not UTF-8: invalid start byte"),
    "half a character": (b"id: \xf0\x9f", ":1: not UTF-8: unexpected end of data"),
    "NUL": (b"id: a\nti\0tle: b\n", ":2:3: the character U+0000 is not allowed in YAML"),
    "terminal's escape": (b"id: \x1b[31m\n", ":1:5: the character U+001B is not allowed in YAML"),
    "UTF-16": ("id: a\n".encode("utf-16"), ":1: not UTF-8: invalid start byte"),
    "too large": (b"#" * (2 << 20), ": larger than 1 MiB: no policy file is that large"),
    "a program": (b"\x7fELF\x02\x01\x01", ":1:1: the character U+007F is not allowed in YAML"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files(tmp_path: Path, data: bytes, expected: str) -> None:
    (told,) = complaints(tmp_path, {**FILES, FILE: data})
    # a libyaml that has a limit of its own looks that far ahead before it says anything
    assert told in {
        FILE + expected,
        f"{FILE}:1:1001: not valid YAML: exceeded maximum nesting depth",
    }


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + RULE.replace("\n", "\r\n").encode()
    assert complaints(tmp_path, {**FILES, FILE: data}) == []


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    os.mkfifo(tmp_path / "rules/pipe.yaml")
    assert complaints(tmp_path, {}) == ["rules/pipe.yaml: no regular file"]


def test_links(tmp_path: Path) -> None:
    write(tmp_path / "real", FILES)
    write(tmp_path / "linked", {name: text for name, text in FILES.items() if name != FILE})
    (tmp_path / "linked" / FILE).symlink_to(tmp_path / "real" / FILE)
    (tmp_path / "linked/rules/loop").symlink_to(tmp_path / "linked/rules")
    (tmp_path / "linked/rules/nowhere.yaml").symlink_to(tmp_path / "nowhere")
    said = complaints(tmp_path / "linked", {})
    assert said == ["rules/nowhere.yaml: cannot be read: No such file or directory"]


def test_the_other_suffix(tmp_path: Path) -> None:
    assert complaints(tmp_path, {**FILES, "rules/acme-more.yml": RULE}) == [
        f"rules/acme-more.yml: name it acme-more.yaml ({MOVE})"
    ]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    others = {
        "rules/README.md": "x",
        "rules/.hidden.yaml": "x",
        "rules/.git/a.yaml": "x",
        "a.yaml": "",
    }
    assert complaints(tmp_path, {**FILES, **others}) == []


def test_a_folder_of_one_s_own(tmp_path: Path) -> None:
    ours, theirs = write(tmp_path / "ours", FILES), tmp_path / "theirs"
    rule = RULE.replace("acme-bad", "their-bad").replace("aliases: [acme-old]\n", "")
    profile = "id: theirs\ntitle: x\nextends: [acme]\nselect: [{ids: [their-bad]}]\ngate: low\n"
    write(theirs, {"rules/their-bad.yaml": rule, "profiles/theirs.yaml": profile})
    policy = load((ours, theirs))
    assert list(policy.rules) == ["acme-bad", "acme-other", "their-bad"]
    assert policy.rules["acme-bad"].location.file == FILE
    assert policy.rules["their-bad"].location.file == str(theirs / "rules/their-bad.yaml")
    assert policy.controls["acme:one"].rules == ("acme-bad", "their-bad")


def test_rows_of_tables_add_up(tmp_path: Path) -> None:
    ours, theirs = write(tmp_path / "ours", FILES), tmp_path / "theirs"
    row = "- {kind: Other, group: x.example, templates: ['']  , shape: podspec}\n"
    write(theirs, {"tables/pod-templates.yaml": row})
    rows = load((ours, theirs)).tables["pod-templates"]
    assert [row["kind"] for row in rows] == ["Trainer", "Other"]


def two_folders(tmp_path: Path, files: dict[str, str]) -> list[str]:
    ours, theirs = write(tmp_path / "ours", FILES), write(tmp_path / "theirs", files)
    with pytest.raises(PolicyErrors) as caught:
        load((ours, theirs))
    return [line.replace(f"{theirs}/", "theirs/") for line in told(caught.value)]


def test_what_exists_already(tmp_path: Path) -> None:
    files = {
        FILE: RULE,
        "profiles/acme.yaml": FILES["profiles/acme.yaml"],
        "controls/acme.yaml": CONTROLS,
    }
    assert two_folders(tmp_path, files) == [
        f"theirs/{place} exists already, in {other} ({hint})"
        if "alias" not in place
        else f"theirs/{place} is taken, in {other} ({hint})"
        for place, other, hint in (
            ("controls/acme.yaml:1:12: framework acme", "controls/acme.yaml:1:12", ITS_OWN),
            ("controls/acme.yaml:5:10: control acme:one", "controls/acme.yaml:5:10", ONE_THING),
            ("profiles/acme.yaml:1:5: profile acme", "profiles/acme.yaml:1:5", ONE_THING),
            ("rules/acme-bad.yaml:1:5: rule acme-bad", "rules/acme-bad.yaml:1:5", EXCLUDE),
            ("rules/acme-bad.yaml:13:11: alias acme-old", "rules/acme-bad.yaml:13:11", EVER),
        )
    ]


def test_a_folder_without_policies(tmp_path: Path) -> None:
    ours, theirs = write(tmp_path / "ours", FILES), write(tmp_path / "theirs", {"a.yaml": RULE})
    with pytest.raises(PolicyErrors) as caught:
        load((ours, theirs))
    assert told(caught.value) == [
        f"{theirs}: no policy files ({WHERE})",
    ]


CHECK = "check: object.spec.replicas >= params.least"
EXPRESSIONS = {
    "undeclared name": (
        CHECK, "check: objekt.spec.replicas >= params.least",
        "7:8: undeclared name 'objekt' (did you mean 'object'?)",
        ["objekt.spec.replicas >= params.least", "^"],
    ),
    "unknown parameter in the second line": (
        CHECK, "check: >-\n  object.spec.replicas > 0 &&\n  object.spec.replicas >= params.lest",
        "9:33: params has no 'lest' (did you mean 'least'?)",
        ["object.spec.replicas >= params.lest", "                              ^"],
    ),
    "unknown function after an escape": (
        CHECK, r'check: "object.x == \"a\" && sise(object) > 0"',
        "7:30: unknown function 'sise' (did you mean 'size'?)",
        ['object.x == "a" && sise(object) > 0', "                   ^"],
    ),
    "syntax in a literal block": (
        CHECK, "check: |\n  true &&\n    && true\n",
        "9:5: unexpected '&&'",
        ["&& true", "^"],
    ),
    "not a condition": (
        CHECK, "check: size(object.spec)",
        "7:8: the result is int, not bool (compare it with == to get a bool)",
        ["size(object.spec)", "^"],
    ),
    "absurd cost": (
        CHECK,
        ("check: >-\n  object.a.all(a, object.a.all(b,\n"
        "    object.a.all(c, object.a.all(d, a == b && b == c || c == d))))"),
        (
            "9:29: an evaluation may cost 25,972,195,587 steps, the limit is 10,000,000,000;"
            " most of them at: .all(d, a == b && b == c || c =="
            " (put fewer macros inside one another, or filter their lists first)"
        ),
        ["object.a.all(c, object.a.all(d, a == b && b == c || c == d))))", " " * 24 + "^"],
    ),
    "in a message": (
        '"{object.metadata.name} has', '"{object.metadata.name} of {objekt.kind} has',
        "8:38: undeclared name 'objekt' (did you mean 'object'?)",
        ["{object.metadata.name} of {objekt.kind} has {object.spec.replicas}", " " * 27 + "^"],
    ),
    "a brace that is not closed": (
        '{object.spec.replicas}"', '{object.spec.replicas"',
        "8:38: this brace is not closed (a literal brace is doubled)",
        ["{object.metadata.name} has {object.spec.replicas", " " * 27 + "^"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "expected", "excerpt"), EXPRESSIONS.values(), ids=EXPRESSIONS
)
def test_expressions_of_users_are_compiled_even_if_nothing_selects_them(
    tmp_path: Path, old: str, new: str, expected: str, excerpt: list[str]
) -> None:
    ours, theirs = write(tmp_path / "ours", FILES), tmp_path / "theirs"
    assert old in RULE
    rule = RULE.replace("acme-bad", "their-bad").replace("aliases: [acme-old]\n", "")
    write(theirs, {"rules/their-bad.yaml": rule.replace(old, new)})
    with pytest.raises(PolicyErrors) as caught:
        load((ours, theirs))
    (error,) = caught.value.errors
    assert told(caught.value) == [f"{theirs}/rules/their-bad.yaml:{expected}"]
    assert error.excerpt.splitlines() == excerpt


LONG = "9" * 5000
NUMBERS = {
    "check": (CHECK, f"check: object.spec.replicas >= {LONG}", "7:32"),
    "check, negative": (CHECK, f"check: object.spec.replicas >= -{LONG}", "7:33"),
    "check, hexadecimal": (CHECK, f"check: object.spec.replicas >= 0x{'f' * 5000}", "7:32"),
    "when": ("when: has(object.spec)", f"when: size(object) < {LONG}", "6:22"),
    "each": ("when: has(object.spec)", f"each: object.spec.x[{LONG}]", "6:21"),
    "message": ("{object.spec.replicas}", f"{{object.spec.x[{LONG}]}}", "8:53"),
}


@pytest.mark.parametrize(("old", "new", "place"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_of_thousands_of_digits_is_an_error_at_its_place(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    ours, theirs = write(tmp_path / "ours", FILES), tmp_path / "theirs"
    assert old in RULE
    rule = RULE.replace("acme-bad", "their-bad").replace("aliases: [acme-old]\n", "")
    write(theirs, {"rules/their-bad.yaml": rule.replace(old, new)})
    with pytest.raises(PolicyErrors) as caught:
        load((ours, theirs))
    (error,) = caught.value.errors
    assert str(error.location) == f"{theirs}/rules/their-bad.yaml:{place}"
    assert error.message.endswith(" characters) is not an int")
    assert len(error.message) < 100


def test_the_digest_is_of_names_and_content(tmp_path: Path) -> None:
    first = digest_of([write(tmp_path / "a", FILES)])
    assert first == digest_of([write(tmp_path / "b", dict(reversed(FILES.items())))])
    assert first != digest_of([write(tmp_path / "c", {**FILES, FILE: RULE + "\n"})])
    renamed = {name.replace("more/", "other/"): text for name, text in FILES.items()}
    assert first != digest_of([write(tmp_path / "d", renamed)])
    assert OTHER_RULE in renamed.values()

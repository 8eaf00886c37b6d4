"""Named formats: what is accepted, and the number of faults, are those of Kubernetes 1.35."""

from __future__ import annotations

import pytest

from auditor.cel import DYN, CelCheckError, CelEvalError, Environment

ENVIRONMENT = Environment({"x": DYN})
UNCHECKED = Environment({"x": DYN}, checked=False)

LONG = "a" * 64
DOMAIN = "between its dots are others than a-z, 0-9 and -, a - at an end, or nothing"
VALID: dict[str, tuple[str, ...]] = {
    "byte": ("aGVsbG8=", "aA==", "aaaa"),
    "date": ("2024-02-29", "2000-02-29", "0000-02-29", "9999-12-31"),
    "datetime": (
        "2021-01-01T00:00:00Z",
        "2021-01-01t23:59:59.5+99:99",
        "2021-01-01T00:00:00,5z",
        "2021-01-01T00:00:00ZTanything",
    ),
    "dns1035Label": ("a", "a-1", "a" * 63),
    "dns1035LabelPrefix": ("a-", "a--", "abc-"),
    "dns1123Label": ("1", "a-1", "a" * 63),
    "dns1123LabelPrefix": ("1-", "a"),
    "dns1123Subdomain": ("a", "a.b-c.1", ".".join(["a" * 63] * 3)),
    "dns1123SubdomainPrefix": ("a.b-", "a.-"),
    "labelValue": ("", "A_b.c-1", "a" * 63),
    "qualifiedName": ("A_b.c", "example.com/My.Name", "a/b"),
    "uri": ("http://a/b", "/a", "mailto:a"),
    "uuid": (
        "123e4567-e89b-12d3-a456-426614174000",
        "123E4567E89B12D3A456426614174000",
        "123e4567-e89b12d3-a456426614174000",
    ),
}
INVALID: dict[str, tuple[tuple[str, list[str]], ...]] = {
    "byte": (
        ("", ["it is not base64"]),
        ("a", ["it is not base64"]),
        ("aaaa\n", ["it is not base64"]),
    ),
    "date": (
        ("2023-02-29", ["it is not a date as 2006-01-02"]),
        ("1900-02-29", ["it is not a date as 2006-01-02"]),
        ("2023-13-01", ["it is not a date as 2006-01-02"]),
        ("2023-04-31", ["it is not a date as 2006-01-02"]),
        ("2023-4-01", ["it is not a date as 2006-01-02"]),
        ("2023-04-00", ["it is not a date as 2006-01-02"]),
        ("2023-04-01\n", ["it is not a date as 2006-01-02"]),
    ),
    "datetime": (
        ("2021-01-01", ["it is not a time as 2006-01-02T15:04:05Z"]),
        ("2021-01-01T24:00:00Z", ["it is not a time as 2006-01-02T15:04:05Z"]),
        ("2021-01-01T00:60:00Z", ["it is not a time as 2006-01-02T15:04:05Z"]),
        ("2021-01-01T00:00:60Z", ["it is not a time as 2006-01-02T15:04:05Z"]),
        ("2021-01-01T00:00:00", ["it is not a time as 2006-01-02T15:04:05Z"]),
        ("2021-02-30T00:00:00Z", ["it is not a time as 2006-01-02T15:04:05Z"]),
        ("2021-01-01 00:00:00Z", ["it is not a time as 2006-01-02T15:04:05Z"]),
    ),
    "dns1035Label": (
        ("1a", ["it has others than a-z, 0-9 and -, begins with no letter, or ends with a -"]),
        (LONG, ["it has more than 63 bytes"]),
    ),
    "dns1035LabelPrefix": (
        ("-", ["it has others than a-z, 0-9 and -, begins with no letter, or ends with a -"]),
        ("é-", ["it has others than a-z, 0-9 and -, begins with no letter, or ends with a -"]),
    ),
    "dns1123Label": (
        ("a.b", ["it has others than a-z, 0-9 and -, or a - at an end"]),
        ("", ["it has others than a-z, 0-9 and -, or a - at an end"]),
        (
            "é" * 32,
            ["it has more than 63 bytes", "it has others than a-z, 0-9 and -, or a - at an end"],
        ),
    ),
    "dns1123LabelPrefix": (
        ("-a", ["it has others than a-z, 0-9 and -, or a - at an end"]),
        ("a" * 61 + "é-", ["it has others than a-z, 0-9 and -, or a - at an end"]),
        (
            "a" * 62 + "é-",
            ["it has more than 63 bytes", "it has others than a-z, 0-9 and -, or a - at an end"],
        ),
    ),
    "dns1123Subdomain": (
        (
            "a..b",
            [DOMAIN],
        ),
        (".".join(["a"] * 128), ["it has more than 253 bytes"]),
    ),
    "dns1123SubdomainPrefix": (
        (
            "a.b-.",
            [DOMAIN],
        ),
    ),
    "labelValue": (
        ("-a", ["it has others than letters, digits, -, _ and ., or one of those at an end"]),
        (LONG, ["it has more than 63 bytes"]),
    ),
    "qualifiedName": (
        ("a/b/c", ["it has more than one /"]),
        ("/a", ["there is nothing before the /"]),
        (
            "A/b",
            [f"before the /: {DOMAIN}"],
        ),
        (
            "a/",
            [
                "there is no name",
                "the name has others than letters, digits, -, _ and ., or one of those at an end",
            ],
        ),
        ("a/" + LONG, ["it has more than 63 bytes"]),
    ),
    "uri": (("a", ["it has no scheme and is not a path from the root, or is malformed"]),),
    "uuid": (
        ("123e4567-e89b-12d3-a456-42661417400", ["it is not a UUID"]),
        ("123e4567-e89b-12d3-a456-42661417400g", ["it is not a UUID"]),
    ),
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in VALID.items() for text in texts]
)
def test_valid(name: str, text: str) -> None:
    program = ENVIRONMENT.compile(f"format.{name}().validate(x) == optional.none()")
    assert program.run(text) is True


@pytest.mark.parametrize(
    ("name", "text", "faults"),
    [(name, text, faults) for name, cases in INVALID.items() for text, faults in cases],
)
def test_invalid(name: str, text: str, faults: list[str]) -> None:
    assert ENVIRONMENT.compile(f"format.{name}().validate(x).value()").run(text) == faults


def test_every_format_has_cases() -> None:
    assert VALID.keys() == INVALID.keys()
    for name in VALID:
        same = f"format.named('{name}') == optional.of(format.{name}())"
        assert ENVIRONMENT.compile(same).run(None) is True


def test_unknown_name() -> None:
    assert ENVIRONMENT.compile("format.named(x).hasValue()").run("DNS1123Label") is False


def test_types() -> None:
    source = (
        "type(format.uri()) == type(format.named('uuid').value()) && format.uri() != format.uuid()"
    )
    assert ENVIRONMENT.compile(source).run(None) is True


@pytest.mark.parametrize("source", ["format.uri().validate(1)", "format.named(1)", "format.uri(1)"])
def test_refused_when_loaded(source: str) -> None:
    with pytest.raises(CelCheckError):
        ENVIRONMENT.compile(source)


@pytest.mark.parametrize("source", ["format.uri().validate(x)", "format.named(x)"])
def test_wrong_arguments(source: str) -> None:
    with pytest.raises(CelEvalError, match="no such overload"):
        UNCHECKED.compile(source).run(1)


HOSTILE = {
    "letters": ("a" * 10**6, {"byte"}),
    "dashes": ("a-" * 10**5 + "-", set[str]()),
    "dots": ("a." * 10**5, set[str]()),
    "slashes": ("/" * 10**6, {"byte", "uri"}),
}


@pytest.mark.parametrize("name", sorted(VALID))
@pytest.mark.parametrize(("text", "valid"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile(name: str, text: str, valid: set[str]) -> None:
    program = ENVIRONMENT.compile(f"format.{name}().validate(x).hasValue()")
    assert program.run(text) is (name not in valid)

"""A configuration file: what it says, and what is wrong with it, all at once and with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.configuration.reading import KEYS, read_configuration
from auditor.configuration.template import Seen, text_of
from auditor.configuration.values import Configuration
from auditor.errors import PolicyErrors

FORMATS = ("html", "json", "sarif")
WHOLE = """\
targets: [deploy/, "k8s://prod"]
exclude: [testdata/]
profile: pod-security-baseline
parameters: {version: 1.30, least: 2, flag: true, other: no, many: [a, 1.50], none: []}
policies: [own/]
fail-on: high, coverage<95
waivers: waivers.yaml
answers: answers.yaml
baseline: then.zip
baseline-key: then.pub
outputs: {sarif: r.sarif, html: r.html}
kubeconfig: prod.kubeconfig
timeout: 30
parallel: 3
executor: dask://127.0.0.1:8786
"""


def read(text: str) -> Configuration:
    return read_configuration(text.encode(), "auditor.yaml", Path("/r"), FORMATS)


def said(text: str) -> list[str]:
    with pytest.raises(PolicyErrors) as caught:
        read(text)
    hints = {each.location.line: each.hint for each in caught.value.errors}
    return [f"{each}; {hints[each.location.line]}" for each in caught.value.errors]


def test_every_key_is_read() -> None:
    found = read(WHOLE)
    assert [each.text for each in found.all("targets")] == ["deploy/", "k8s://prod"]
    assert found.all("exclude")[0].text == "testdata/"
    assert {key: each.value for key in KEYS if (each := found.one(key))}["timeout"] == 30.0
    outputs = [(each.name, each.text) for each in found.all("outputs")]
    assert outputs == [("sarif", "r.sarif"), ("html", "r.html")]
    assert str(found.all("outputs")[1].place) == "auditor.yaml:11:33"
    assert [key for key in KEYS if key not in found.settings] == ["baseline-trust"]


def test_parameters_are_what_is_written() -> None:
    """A number of YAML would lose its zero."""
    found = {each.name: each.text for each in read(WHOLE).all("parameters")}
    assert found == {
        "version": "1.30",
        "least": "2",
        "flag": "true",
        "other": "false",
        "many": "a,1.50",
        "none": "",
    }


def test_all_that_is_wrong_is_said_at_once_with_its_line() -> None:
    text = (
        "target: [a]\ntargets: []\nfail-on: hihg\noutputs: {serif: x}\n"
        "timeout: soon\nparameters: {a: {b: c}, d: [e,f], g: ['h,i']}\nwaivers: 3\n"
    )
    assert said(text) == [
        "auditor.yaml:1:1: unknown key 'target'; did you mean 'targets'?",
        "auditor.yaml:2:10: must not be empty; ",
        (
            "auditor.yaml:3:10: 'hihg' is not a gate; a list such as high, medium>10, unknown, "
            "coverage<95, excluded; or never"
        ),
        "auditor.yaml:4:11: no format is called 'serif'; did you mean 'sarif'?",
        "auditor.yaml:5:10: must be a number of seconds, not text; ",
        "auditor.yaml:6:17: must be a text, a number or true or false, not a mapping; ",
        "auditor.yaml:6:39: a comma parts the items of a list, and can't be in one; ",
        'auditor.yaml:7:10: must be text, not a number; put it in quotes: "3"',
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("- a\n", "must be a mapping, not a list"),
        ("targets: [a\n", "not valid YAML"),
        ("targets: [a, a]\n", "'a' is there twice"),
        ("profile: a\nprofile: b\n", "key 'profile' is there twice"),
        ("timeout: 0\n", "must be more than 0 seconds"),
        ("timeout: .inf\n", "must be more than 0 seconds"),
        ("timeout: true\n", "must be a number of seconds, not true or false"),
        ("outputs: []\n", "must be a mapping, not a list"),
        ("profile: \x1b[2J\n", "the character U+001B is not allowed"),
        ("a: " + "[" * 100 + "]" * 100, "nested deeper than 64"),
        ("a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\n", "unknown key 'a'"),
    ],
)
def test_what_is_no_configuration(text: str, message: str) -> None:
    assert any(message in each for each in said(text))


@pytest.mark.parametrize("data", [b"\xff\xfe", b"profile: \x00", b"\xef\xbb\xbfprofil: a"])
def test_bytes_that_are_none(data: bytes) -> None:
    with pytest.raises(PolicyErrors) as caught:
        read_configuration(data, "auditor.yaml", Path("/r"), FORMATS)
    assert caught.value.errors[0].location.file == "auditor.yaml"


@pytest.mark.parametrize("seen", [Seen("x"), Seen("x", (("k8s://", "y"),), "w.yaml", "p/")])
def test_what_init_writes_says_every_key(seen: Seen) -> None:
    text = text_of(seen, "ai-platform")
    found = read(text)
    assert [each.text for each in found.all("targets")] == ["."]
    assert ("waivers" in found.settings) == bool(seen.waivers)
    # what begins with one mark and no sentence is a value; with its mark taken away it counts
    lines = [
        line.removeprefix("# ") if ":" in line and not line.endswith(".") else line
        for line in text.splitlines()
        if not line.startswith(("# What", "# An earlier", "# Editors", "# below", "# Paths"))
    ]
    whole = read("\n".join(lines).replace("The kubeconfig of", "# "))
    assert set(whole.settings) == set(KEYS) - {"baseline-trust"}
    assert max(map(len, text.splitlines())) <= 110

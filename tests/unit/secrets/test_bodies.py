"""Bodies as they may be kept: JSON, lines of JSON, texts, and what is none of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from auditor.secrets.bodies import CleanBody, clean_body, vouched
from auditor.secrets.redact import redact
from tests.unit.secrets.test_structure import ANY

TOKEN = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
MARK = "«redacted:by-name»"
SAID = "«redacted:argument»"

CASES = {
    "JSON": (b'{"db":  {"password": "hunter22"}}', f'{{"db":  {{"password": "{MARK}"}}}}'),
    "a pair": (
        b'[{"name":"DB_PASSWORD","value":"hunter22"},1.50,null]',
        f'[{{"name":"DB_PASSWORD","value":"{MARK}"}},1.50,null]',
    ),
    "a key twice": (
        b'{"password":"hunter22","password":"hunter33"}',
        f'{{"password":"{MARK}","password":"{MARK}"}}',
    ),
    "a text of JSON": (f'"{TOKEN}"'.encode(), '"«redacted:github-token»"'),
    "lines of JSON": (
        b'{"a":1}\n\n{"password":"hunter22"}\r\n{"name":"DB_PASSWORD","value":"hunter33"}',
        f'{{"a":1}}\n\n{{"password":"{MARK}"}}\r\n{{"name":"DB_PASSWORD","value":"{MARK}"}}',
    ),
    "a Dockerfile": (
        b"FROM x\nENV DB_PASSWORD=hunter22\nRUN y\n",
        f"FROM x\nENV DB_PASSWORD={SAID}\nRUN y\n",
    ),
    "JSON behind a mark of its order": (
        b'\xef\xbb\xbf{"password":"hunter22"}',
        f'\ufeff{{"password":"{MARK}"}}',
    ),
    "no UTF-8": (b"\xff\xfeDB_PASSWORD=hunter22", "«redacted:unreadable»"),
    "a NUL": (b"\0DB_PASSWORD=hunter22", "«redacted:unreadable»"),
    "nested too deeply": (b"[" * 9_000 + b'"DB_PASSWORD=hunter22"' + b"]" * 9_000, None),
}


@pytest.mark.parametrize(("raw", "expected"), CASES.values(), ids=CASES.keys())
def test_what_is_left_of_a_body(raw: bytes, expected: str | None) -> None:
    found = clean_body(raw)
    assert b"hunter" not in found.data
    assert found.redactions, "each has something left out"
    if expected is not None:
        assert found.data.decode() == expected
    assert clean_body(found.data).data == found.data, "cleaned once, it stays"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b'{ "a" : 1.50, "b" : null, "c" : 1e3, "d" : "\\u00e9" }',
        b'{"kind":"Secret","name":"secrets","verbs":["get"]}',
        b"a line\r\nanother\n",
        b'{"a":1}\n{"b":2}\n',
        b'{"a":"\xc2\xabredacted:by-name\xc2\xbb"}',
    ],
)
def test_what_holds_no_secret_is_kept_as_it_came(raw: bytes) -> None:
    found = clean_body(raw)
    assert (found.data, found.redactions) == (raw, ())


@given(ANY)
def test_json_is_cleaned_as_its_value(value: object) -> None:
    for raw in (json.dumps(value), json.dumps(value, indent=2)):
        assert json.loads(clean_body(raw.encode()).data) == redact(json.loads(raw))


def test_what_is_left_out_is_committed_to() -> None:
    found = clean_body(b'{"a/b":{"password":"hunter22"}}', lambda value: f"of {value}")
    (each,) = found.redactions
    assert (each.path, each.shapes) == ("/a~1b/password", ("by-name",))
    assert each.commitment == "of hunter22"


def test_a_body_is_not_called_clean_by_accident() -> None:
    with pytest.raises(TypeError, match=r"clean_body\(\) and vouched\(\)"):
        CleanBody(object(), b"password=hunter22", ())
    assert vouched(b"{}").data == b"{}"

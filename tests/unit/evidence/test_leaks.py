"""The last look: every file of a bundle, whatever its size and form, for our own credentials."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from auditor.errors import RenderError
from auditor.evidence.assembly import write_results
from auditor.evidence.blocks import BlockWriter
from auditor.evidence.leaks import refuse_leaks
from auditor.secrets.forms import forms

OURS = "our token/4711 & <more>"
NOISE = b'{"a finding": "of no importance"},\n' * 400


def in_a_body(root: Path, data: bytes) -> None:
    (root / "bodies").mkdir()
    writer = BlockWriter(root / "bodies")
    writer.add(NOISE + data + NOISE)
    writer.flush()


def in_large_results(root: Path, data: bytes) -> None:
    write_results(root, [NOISE, data[:5], data[5:], NOISE], plain=1_000)
    assert (root / "results.json.zst").exists()


def in_results(root: Path, data: bytes) -> None:
    write_results(root, [NOISE, data, NOISE])


PLACES: dict[str, tuple[Callable[[Path, bytes], None], str]] = {
    "a body": (in_a_body, "bodies/"),
    "results": (in_results, "results.json "),
    "large results": (in_large_results, "results.json.zst "),
}


@pytest.mark.parametrize("piece", [1, 64, 1 << 20])
@pytest.mark.parametrize(("put", "says"), PLACES.values(), ids=PLACES.keys())
def test_wherever_it_stands(
    tmp_path: Path, put: Callable[[Path, bytes], None], says: str, piece: int
) -> None:
    put(tmp_path, OURS.encode())
    refuse_leaks(tmp_path, {"another one"}, piece)
    with pytest.raises(RenderError) as caught:
        refuse_leaks(tmp_path, {"another one", OURS}, piece)
    assert f"{caught.value.message} ".startswith(says)
    assert "would hold a credential of this run" in caught.value.message
    assert OURS not in caught.value.message + caught.value.hint


PHRASE = "open sesame & close/\"<x>' é"
PLAIN = PHRASE.encode()
JSON = json.dumps(PHRASE)
GO = JSON.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")
FORMS: dict[str, str | bytes] = {
    "as it is": PHRASE,
    "JSON": JSON,
    "JSON of UTF-8": json.dumps(PHRASE, ensure_ascii=False),
    "JSON of Go": GO,
    "JSON of Go in JSON of Go": json.dumps(GO),
    "JSON of .NET": JSON.replace("<", r"\u003C").replace(">", r"\u003E")
    .replace("&", r"\u0026").replace("'", r"\u0027"),
    "JSON of PHP": JSON.replace("/", r"\/"),
    "JSON of PHP in JSON": json.dumps(JSON.replace("/", r"\/")),
    "percent signs": quote(PHRASE, safe=""),
    "percent signs in a path": quote(PHRASE),
    "percent signs in lower case": quote(PHRASE, safe="").replace("%2F", "%2f")
    .replace("%3C", "%3c").replace("%3E", "%3e").replace("%C3%A9", "%c3%a9"),
    "a form": quote_plus(PHRASE),
    "encodeURIComponent": quote(PHRASE, safe="!'()*"),
    "encodeURI": quote(PHRASE, safe=";,/?:@&=+$#!'()*"),
    "hexadecimal": PLAIN.hex(),
    "hexadecimal in upper case": PLAIN.hex().upper(),
    "base64": base64.b64encode(PLAIN),
    "base64 amid others": base64.b64encode(b"xy" + PLAIN + b"z"),
    "base64 for URLs": base64.urlsafe_b64encode(b"x" + PLAIN + b"z"),
    "base64 of base64": base64.b64encode(base64.b64encode(PLAIN)),
    "base64 amid others of base64 amid others": base64.b64encode(
        b"user:" + base64.b64encode(b"user:" + PLAIN + b"\n") + b"\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_however_it_is_written(text: str | bytes) -> None:
    data = text.encode() if isinstance(text, str) else text
    found = forms(PHRASE)
    assert any(form in data for form in found)
    assert not any(form in NOISE for form in found)
    assert min(map(len, found)) >= len(PHRASE)


def test_most_secrets_have_few_forms() -> None:
    """Each one costs a look through everything."""
    assert len(forms("eyJhbGciOiJSUzI1NiIsImtpZCI6")) < 20
    assert forms("1234") == set()

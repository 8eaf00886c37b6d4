"""No text makes the search for secrets slow."""

from __future__ import annotations

import contextlib
import json
import time

import pytest

from auditor.secrets.hints import holding, may_hold_secret
from auditor.secrets.redact import redact, redact_text
from collectors.documents.blocks import Block, Memory
from collectors.documents.flow import NotSimple

SIZE = 100_000
LONG = {
    "letters before a scheme": "a" * SIZE + "://@",
    "web tokens cut short": "eyJ-" * (SIZE // 4),
    "dashes": "-" * SIZE + "=",
    "argument without end": "--" + "password" * (SIZE // 8) + " =",
    "private key without end": "-----BEGIN " + "A " * (SIZE // 2),
    "at signs": "://" + "a:@" * (SIZE // 3),
    "schemes": "://a:" * (SIZE // 5) + "@",
    "tokens": "hf_" * (SIZE // 3),
    "account": '"type"' + " " * SIZE + "service_account",
    "passwords": "password" * (SIZE // 8),
    "values": '","value":"' * (SIZE // 11),
    "underscores": "service_" * (SIZE // 8),
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_long_text_takes_time_by_its_length(text: str) -> None:
    started = time.process_time()
    redact_text(text)
    redact([text, text, "--" + text, text])
    redact({"env": [{"name": text, "value": text}, {"name": "AUTH_" + text, "value": "/" + text}]})
    raw = json.dumps({"args": ["--" + text, text], "value": text}).encode()
    assert holding([raw] * 3) == [may_hold_secret(raw)] * 3
    assert time.process_time() - started < 2


LINES = {
    "spaces before a comment": "a: b" + " " * SIZE + "c #",
    "spaces": "a:" + " " * SIZE + "|",
    "dashes": "- " * (SIZE // 2),
    "a dashed line": "a: " + "-" * SIZE,
    "flags": "a: " + "--token" * (SIZE // 7),
    "flags and spaces": "a: " + "--token " * (SIZE // 8),
    "quotes": "a: '" + "''" * (SIZE // 2),
    "double quotes": 'a: "' + '\\"' * (SIZE // 2),
    "flow": "a: [" + "a " * (SIZE // 2),
    "flow mapping": "a: {" + "a: b, " * (SIZE // 6),
    "colons": "a: " + "a:" * (SIZE // 2),
}


@pytest.mark.parametrize("text", LINES.values(), ids=LINES)
def test_long_line_takes_time_by_its_length(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(NotSimple):
        Block(text + "\n", Memory())
    assert time.process_time() - started < 2

"""What a renderer says of a failure is short, without secrets, and without our own folders."""

from __future__ import annotations

import pytest

from collectors.programs.said import reason, redacted
from collectors.programs.sandbox import Outcome

CANARY = "c4n4ry-Zx81"
SECRETS = {
    "an address": f"can't fetch https://me:{CANARY}@example.com/x.git",
    "an address with a user alone": f"can't fetch https://{CANARY}@example.com/x.git",
    "a password": f"wrong password: {CANARY}",
    "a pair": f"failed with TOKEN={CANARY}, sorry",
    "a key in quotes": f'{{"api_key": "{CANARY}"}}',
    "a header": f"Authorization: Bearer {CANARY}",
    "a token by its shape": "used ghp_0123456789abcdefghijABCDEFGHIJ012345 for it",
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_secrets_are_left_out(text: str) -> None:
    told = reason(Outcome(b"", text, 1), {})
    assert CANARY not in told
    assert "ghp_" not in told
    assert told


def test_plain_words_are_left_alone() -> None:
    text = "Error: accumulating resources from 'x.yaml': no such file"
    assert redacted(text) == text


def test_folders_are_told_as_people_know_them() -> None:
    came = Outcome(b"", "Error: /srv/a/b/x.yaml: no such file\n", 1)
    assert reason(came, {"/srv/a": "deploy"}) == "Error: deploy/b/x.yaml: no such file"


def test_end_of_much_is_told_in_one_line() -> None:
    came = Outcome(b"", "\n".join(f"line {n}" for n in range(99)) + "\n\n", 1)
    assert reason(came, {}) == "line 93 line 94 line 95 line 96 line 97 line 98"
    assert len(reason(Outcome(b"", "word " * 999, 1), {})) == 401


def test_silence_is_told_with_the_code() -> None:
    assert reason(Outcome(b"", " \n", 7), {}) == "it ended with code 7, and said nothing"

"""Secrets are found by their shape and by the names of variables, and no text makes that slow."""

from __future__ import annotations

import contextlib
import time

import pytest

from auditor.redact import marker, redact, redact_text
from collectors.kubernetes.manifests.blocks import Block, Memory
from collectors.kubernetes.manifests.flow import NotSimple

HIDDEN = {
    "AWS key": ("AKIA" + "A1" * 8, marker("aws-access-key-id")),
    "GitHub token": ("use ghp_" + "a" * 36 + ".", f"use {marker('github-token')}."),
    "GitLab token": ("glpat-" + "a" * 20, marker("gitlab-token")),
    "Slack token": ("xoxb-" + "1" * 12, marker("slack-token")),
    "Hugging Face token": ("hf_" + "a" * 34, marker("huggingface-token")),
    "NVIDIA key": ("nvapi-" + "a" * 40, marker("nvidia-api-key")),
    "web token": (f"eyJ{'a' * 12}.eyJ{'b' * 12}.{'c' * 12}", marker("jwt")),
    "private key": ("x\n-----BEGIN RSA PRIVATE KEY-----\nabc", marker("private-key")),
    "password in a URL": (
        "postgresql://user:secret@db:5432/x",
        f"postgresql://user:{marker('url-credentials')}@db:5432/x",
    ),
    "argument": ("--db-password=abc", f"--db-password={marker('argument')}"),
    "second argument": ("-v --token=abc", f"-v --token={marker('argument')}"),
}


@pytest.mark.parametrize(("text", "expected"), HIDDEN.values(), ids=HIDDEN)
def test_secret_is_replaced(text: str, expected: str) -> None:
    assert redact_text(text) == expected


LEFT = {
    "short": "hf_abc",
    "digest": "example.org/a@sha256:" + "0123456789abcdef" * 4,
    "URL with a port": "http://example.org:8080/x@y",
    "flag without a value": "--password-file",
    "word with a dash": "task-" + "a" * 10,
    "name in a sentence": "set the token=value pair",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_is_no_secret_is_left(text: str) -> None:
    assert redact_text(text) is text


VARIABLES = {
    "password": ("DB_PASSWORD", "hunter22", marker("by-name")),
    "lower case": ("api_key", "hunter22", marker("by-name")),
    "file": ("DB_PASSWORD_FILE", "/run/secret", "/run/secret"),
    "path": ("TOKEN", "/run/secret", "/run/secret"),
    "reference": ("TOKEN", "$(OTHER)", "$(OTHER)"),
    "switch": ("USE_TOKEN", "true", "true"),
    "tokenizer": ("TOKENIZER", "bpe-large", "bpe-large"),
    "other": ("MODEL", "bpe-large", "bpe-large"),
}


@pytest.mark.parametrize(("name", "value", "expected"), VARIABLES.values(), ids=VARIABLES)
def test_variable_is_judged_by_its_name(name: str, value: str, expected: str) -> None:
    assert redact({"env": [{"name": name, "value": value}]}) == {
        "env": [{"name": name, "value": expected}]
    }


def test_secret_object_keeps_only_its_keys() -> None:
    secret = {"kind": "Secret", "apiVersion": "v1", "data": {"a": "aGk="}, "type": "Opaque"}
    assert redact({"items": [secret]})["items"][0]["data"] == {"a": marker("secret-data")}


def test_nothing_to_hide_is_no_copy() -> None:
    value = {"a": [{"b": "c"}], "env": [{"name": "A", "value": "b"}]}
    assert redact(value) is value


SIZE = 300_000
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
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_long_text_takes_time_by_its_length(text: str) -> None:
    started = time.process_time()
    redact_text(text)
    assert time.process_time() - started < 3


LINES = {
    "spaces before a comment": "a: b" + " " * SIZE + "c #",
    "spaces": "a:" + " " * SIZE + "|",
    "dashes": "- " * (SIZE // 2),
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
    assert time.process_time() - started < 3

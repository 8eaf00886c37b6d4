"""Secrets are found by their shape and by the names of variables."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditor.secrets.hints import holding, may_hold_secret
from auditor.secrets.marks import marker
from auditor.secrets.names import is_secret_name
from auditor.secrets.redact import decode, is_clean, redact, redact_text
from collectors.documents.blocks import Memory
from collectors.documents.yaml_documents import Documents
from tests.sweeps import examples
from tests.unit.secrets.hiding import check_hints

BEARER = marker("bearer-token")
HASH = marker("password-hash")
DENSE: dict[str, Any] = {"separators": (",", ":"), "ensure_ascii": False}

KEYS = {
    f"{kind}private key in base64": (
        base64.b64encode(f"-----BEGIN {kind}PRIVATE KEY-----\n{'ab' * 20}\n".encode()).decode(),
        marker("private-key"),
    )
    for kind in ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")
}
HIDDEN = {
    **KEYS,
    "AWS key": ("AKIA" + "A1" * 8, marker("aws-access-key-id")),
    "GitHub token": ("use ghp_" + "a" * 36 + ".", f"use {marker('github-token')}."),
    "GitLab token": ("glpat-" + "a" * 20, marker("gitlab-token")),
    "Slack token": ("xoxb-" + "1" * 12, marker("slack-token")),
    "Hugging Face token": ("hf_" + "a" * 34, marker("huggingface-token")),
    "NVIDIA key": ("nvapi-" + "a" * 40, marker("nvidia-api-key")),
    "web token": (f"eyJ{'a' * 12}.eyJ{'b' * 12}.{'c' * 12}", marker("jwt")),
    "token that joins a swarm": (
        f"join --token SWMTKN-1-{'a1' * 25}-{'b2' * 12}c",
        f"join --token {marker('swarm-token')}",
    ),
    "key of a swarm": (f"SWMKEY-1-{'Ab' * 21}/", marker("swarm-key")),
    "hash of htpasswd": (f"admin:$apr1$a1b2c3d4${'x/' * 11}", f"admin:{HASH}"),
    "hash in a compose file": (f"admin:$$apr1$$a1b2c3d4$${'x/' * 11},b:x", f"admin:{HASH},b:x"),
    "hash of bcrypt": (f"$2y$05${'aB' * 26}.", HASH),
    "hash of crypt": (f"root:$6$rounds=5000$salt${'a/' * 43}:1:", f"root:{HASH}:1:"),
    "shorter hash of crypt": (f"$5$salt${'a' * 43}", HASH),
    "hash of argon2": (f"$argon2id$v=19$m=65536,t=3,p=4${'ab' * 8}${'cd' * 16}", HASH),
    "private key": ("x\n-----BEGIN RSA PRIVATE KEY-----\nabc", marker("private-key")),
    "password in a URL": (
        "postgresql://user:secret@db:5432/x",
        f"postgresql://user:{marker('url-credentials')}@db:5432/x",
    ),
    "argument": ("--db-password=abc", f"--db-password={marker('argument')}"),
    "second argument": ("-v --token=abc", f"-v --token={marker('argument')}"),
    "argument with an underscore": ("--hf_token=abc", f"--hf_token={marker('argument')}"),
    "argument with dots": ("--db.password=abcd", f"--db.password={marker('argument')}"),
    "setting": ("password=hunter22", f"password={marker('argument')}"),
    "in a script": (
        "run --password=hunter22 --port=80",
        f"run --password={marker('argument')} --port=80",
    ),
    "exported": ("export PASSWORD=hunter22; run", f"export PASSWORD={marker('argument')}; run"),
    "in quotes": ("run 'DB_PASSWORD=hunter22'", f"run 'DB_PASSWORD={marker('argument')}'"),
    "in a query": (
        "jdbc:mysql://h/db?user=u&password=hunter22&x=1",
        f"jdbc:mysql://h/db?user=u&password={marker('argument')}&x=1",
    ),
    "bearer": ("Authorization: Bearer abcdefgh1234==", f"Authorization: Bearer {BEARER}"),
    "JSON": ('{"password": "hunter22", "x": 1}', f'{{"password": "{marker("by-name")}", "x": 1}}'),
    "JSON in JSON": (
        json.dumps({"a": json.dumps([{"api_key": "hunter22"}])}),
        f'{{"a": "[{{\\"api_key\\": \\"{marker("by-name")}\\"}}]"}}',
    ),
}


@pytest.mark.parametrize(("text", "expected"), HIDDEN.values(), ids=HIDDEN)
def test_secret_is_replaced(text: str, expected: str) -> None:
    assert redact_text(text) == expected


LEFT = {
    "short": "hf_abc",
    "digest": "example.org/a@sha256:" + "0123456789abcdef" * 4,
    "certificate in base64": base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMII").decode(),
    "public key in base64": base64.b64encode(b"-----BEGIN PUBLIC KEY-----\nMII").decode(),
    "URL with a port": "http://example.org:8080/x@y",
    "flag without a value": "--password-file",
    "word with a dash": "task-" + "a" * 10,
    "name in a sentence": "set the token=value pair",
    "a count in a script": "serve --max-new-token=512 now",
    "a file in a script": "serve --token=/run/token/a now",
    "a reference in a script": "serve --token=$(TOKEN) now",
    "JSON without secrets": '{"a": "b", "tokens": 5}',
    "an empty argument": "--ServerApp.token=''",
    "an empty argument of many": '-v --token="" --port=80',
    "arguments of a shell": "cp $1$2/some/long/path/of/some/things/in/it $5$6/other/path/of/more",
    "short for a hash": "$apr1$a1b2c3d4$abc",
    "money": "$5$10$20",
    "a long run of letters": "a" * 10_000 + "=",
    "bearer in a sentence": "the Bearer scheme is used",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_is_no_secret_is_left(text: str) -> None:
    assert redact_text(text) is text


VARIABLES = {
    "password": ("DB_PASSWORD", "hunter22", marker("by-name")),
    "lower case": ("api_key", "hunter22", marker("by-name")),
    "file": ("DB_PASSWORD_FILE", "/run/secret", "/run/secret"),
    "path": ("TOKEN", "/run/secret", "/run/secret"),
    "path of a file": ("DB_PASSWORD", "/secret.txt", "/secret.txt"),
    "slash before a secret": ("DB_PASSWORD", "/k3jh4kjh5Qz==", marker("by-name")),
    "slash and no more": ("DB_PASSWORD", "/k3jh4kjh5Qz", marker("by-name")),
    "slashes in a secret": ("DB_PASSWORD", "/k3jh/kjh5Qz+", marker("by-name")),
    "digits of a password": ("DB_PASSWORD", "482913", marker("by-name")),
    "digits of a pin": ("SIM_PIN", "1234", marker("by-name")),
    "digits of a secret": ("CLIENT_SECRET", "1", marker("by-name")),
    "count": ("MAX_TOKENS", "4096", "4096"),
    "age": ("PASSWORD_MAX_AGE", "90", "90"),
    "short for password": ("DB_PASS", "hunter22", marker("by-name")),
    "shorter": ("MYSQL_PWD", "hunter22", marker("by-name")),
    "working directory": ("PWD", "/app", "/app"),
    "password called as the directory": ("PWD", "hunter22", marker("by-name")),
    "header": ("AUTH_HEADER", "Bearer hunter22", marker("by-name")),
    "name of a header": ("AUTH_HEADER", "X-Forwarded-User", "X-Forwarded-User"),
    "header of a token": ("TOKEN_HEADER", "Token hunter22", marker("by-name")),
    "signing in": ("REDIS_AUTH", "hunter22", marker("by-name")),
    "signing in to a site": ("HTTP_BASIC_AUTH", "me:hunter22", marker("by-name")),
    "authorization": ("AUTHORIZATION", "Basic aHVudGVy", marker("by-name")),
    "bearer": ("API_BEARER", "hunter22", marker("by-name")),
    "credentials": ("DB_CREDS", "me/hunter22", marker("by-name")),
    "no signing in": ("NEO4J_AUTH", "none", "none"),
    "where to sign in": ("AUTH_URL", "https://login.example", "https://login.example"),
    "how to sign in": ("POSTGRES_HOST_AUTH_METHOD", "trust", "trust"),
    "who signs in": ("AUTH_TOKEN_USER", "hunter22", marker("by-name")),
    "author": ("AUTHOR", "hunter22", "hunter22"),
    "passage": ("PASSAGE_MODEL", "hunter22", "hunter22"),
    "compass": ("COMPASS", "hunter22", "hunter22"),
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


APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
OBJECTS = {
    "what was applied": (
        {"metadata": {"annotations": {APPLIED: '{"env":[]}', "a": "b"}}},
        {"metadata": {"annotations": {APPLIED: marker("applied-configuration"), "a": "b"}}},
    ),
    "headers of a probe": (
        {"httpHeaders": [{"name": "Authorization", "value": "Basic aHVudGVy"}]},
        {"httpHeaders": [{"name": "Authorization", "value": marker("by-name")}]},
    ),
    "a header": (
        {"httpHeaders": [{"name": "Accept", "value": "text/html"}]},
        {"httpHeaders": [{"name": "Accept", "value": "text/html"}]},
    ),
    "settings": (
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"db.password": "hunter22", "a": "b"}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "data": {"db.password": marker("by-name"), "a": "b"},
        },
    ),
    "a setting about passwords": (
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"password-policy": "strict"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"password-policy": "strict"}},
    ),
    "JSON in an annotation": (
        {"metadata": {"annotations": {"x": '{"password":"hunter22"}'}}},
        {"metadata": {"annotations": {"x": f'{{"password":"{marker("by-name")}"}}'}}},
    ),
}


@pytest.mark.parametrize(("given_", "expected"), OBJECTS.values(), ids=OBJECTS)
def test_objects(given_: Any, expected: Any) -> None:
    """As an object, as JSON, and as YAML in both of its styles."""
    assert redact(given_) == expected
    assert redact(expected) is expected, "what is hidden stays so"
    assert decode(json.dumps(given_).encode()) == expected
    assert decode(json.dumps(given_, **DENSE).encode()) == expected
    for text in (json.dumps(given_), yaml.safe_dump(given_), yaml.safe_dump(given_, width=9999)):
        (document,) = Documents(text, Memory()).read(text, 0)
        assert document.value == expected, text


ARGUMENTS = {
    "password": (["--password", "x"], ["--password", marker("argument")]),
    "one of many": (
        ["-v", "--db-passwd", "x", "y"],
        ["-v", "--db-passwd", marker("argument"), "y"],
    ),
    "upper case": (["--API_KEY", "x"], ["--API_KEY", marker("argument")]),
    "digits": (["--secret", "482913"], ["--secret", marker("argument")]),
    "twice": (
        ["--token", "x", "--apikey", "y"],
        ["--token", marker("argument"), "--apikey", marker("argument")],
    ),
    "a shape": (["--token", "hf_" + "a" * 34], ["--token", marker("huggingface-token")]),
    "a switch": (["--token", "--verbose"], None),
    "a reference": (["--token", "$(TOKEN)"], None),
    "a file": (["--secret", "/run/secret"], None),
    "of a file": (["--password-file", "x"], None),
    "a port": (["-p", "8080"], None),
    "the last": (["--password"], None),
    "a number": (["--password", 3], ["--password", marker("argument")]),
}


@pytest.mark.parametrize(("given_", "expected"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_argument_after_its_name(given_: list[Any], expected: list[Any] | None) -> None:
    """In a list, as JSON and as YAML in both of its styles: the value is the next element."""
    expected = given_ if expected is None else expected
    assert redact({"args": given_}) == {"args": expected}
    assert redact({"args": expected}) == {"args": expected}, "what is hidden stays so"
    for text in (json.dumps({"args": given_}), json.dumps({"args": given_}, separators=(",", ":"))):
        assert decode(text.encode()) == {"args": expected}
    flow = "args: " + json.dumps(given_)
    block = "args:" + "".join(f"\n- {json.dumps(item)}" for item in given_)
    single = "args:" + "".join(f"\n  - {item!r}  # said" for item in given_)
    for text in (flow, block, single, single.replace("'--password'", "--password")):
        (document,) = Documents(text, Memory()).read(text, 0)
        assert document.value == {"args": expected}, text


WORDS = st.sampled_from(
    [
        *(
            "--password",
            "--Api_Key",
            "--token",
            "-p",
            "--x-secret",
            "--pa\u017f\u017fword",
            "x",
            "--a",
            "",
        ),
        *("hunter22", "/run/x", "482913", "$(A)", "AKIA" + "A1" * 8, "a://b:c@d", "--token=x y"),
        *("DB_PASS", "MYSQL_PWD", "AUTH", "AUTH_URL", "A", 'a"b', "a/b", "é", "<b>", "\u2028"),
    ]
)
VALUES = st.recursive(
    WORDS | st.integers(0, 9) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS, inner, max_size=3)
        | st.fixed_dictionaries(
            {"env": st.lists(st.fixed_dictionaries({"name": WORDS, "value": WORDS}), max_size=3)}
        )
    ),
    max_leaves=8,
)


@given(VALUES, st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " : ")]))
@examples(300)
def test_what_may_hold_no_secret_has_none(
    value: Any,
    ascii_only: bool,  # noqa: FBT001 - what the test is about
    separators: tuple[str, str],
) -> None:
    check_hints(value, separators, ascii_only=ascii_only)


NAMES = st.lists(
    st.sampled_from(
        (
            *("pass", "word", "passwd", "passphrase", "secret", "token", "api", "private", "key"),
            *("session", "signing", "master", "encryption", "credential", "dsn", "connection"),
            *("string", "pwd", "pin", "creds", "bearer", "auth", "orization", "access", "x", "9"),
            *("-", "_", "", " ", "\u017f", "K", "ping" * 40, "a" * 60),
        )
    )
).map("".join)


@given(NAMES, st.booleans())
@examples(1000)
def test_a_name_of_a_secret_is_found_in_any_text(
    text: str,
    upper: bool,  # noqa: FBT001 - what the test is about
) -> None:
    text = text.upper() if upper else text
    raw = json.dumps(json.dumps({text: "x"}, ensure_ascii=False), ensure_ascii=False).encode()
    assert may_hold_secret(raw) >= is_secret_name(text)


@given(
    st.lists(
        st.sampled_from(("https://", "://", "a", ":", "@", "/", '"', " ", "b:c", "t0k3n" * 4)),
        max_size=14,
    )
)
@examples(500)
def test_who_signs_in_by_a_url_is_found(parts: list[str]) -> None:
    text = "".join(parts)
    assert may_hold_secret(json.dumps(text).encode()) >= (redact_text(text) != text)


@given(st.lists(VALUES, max_size=60))
@examples(100)
def test_many_are_looked_at_as_each_is(values: list[Any]) -> None:
    raws = [json.dumps(value, separators=(",", ":")).encode() for value in values]
    assert holding(raws) == [may_hold_secret(raw) for raw in raws]


def test_what_plainly_holds_no_secret_is_not_decoded() -> None:
    """It is asked of every pod of a cluster: doubt must be rare."""
    for value in (
        {"args": ["--port", "80", "--token-file", "x"]},
        {"env": [{"name": "MODEL", "value": "x"}, {"name": "AUTHOR", "value": "y"}]},
        {"command": ["--password"]},
    ):
        assert not may_hold_secret(json.dumps(value).encode()), value


def test_secret_object_keeps_only_its_keys() -> None:
    secret = {"kind": "Secret", "apiVersion": "v1", "data": {"a": "aGk="}, "type": "Opaque"}
    assert redact({"items": [secret]})["items"][0]["data"] == {"a": marker("secret-data")}


def test_nothing_to_hide_is_no_copy() -> None:
    value = {"a": [{"b": "c"}], "env": [{"name": "A", "value": "b"}]}
    assert redact(value) is value


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (b'{"a":[1,"b",{"c":true}]}', True),
        (b'{"a":null}', False),
        (b'{"env":[{"name":"DB_PASSWORD","value":"hunter22"}]}', False),
        (b'{"args":["--token=hunter22"]}', False),
    ],
)
def test_what_is_clean_is_decoded_as_it_is(raw: bytes, *, clean: bool) -> None:
    assert is_clean(raw) is clean
    assert (decode(raw) == json.loads(raw)) is clean

"""Secrets that a text names are replaced in every format, and nothing else of the text is."""

from __future__ import annotations

import configparser
import io
import json
import shlex
import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditor.secrets.hints import may_hold_secret
from auditor.secrets.marks import marker
from auditor.secrets.redact import decode, redact, redact_field, redact_text
from collectors.documents.blocks import Memory
from collectors.documents.yaml_documents import Documents
from tests.sweeps import examples

S = "S3cr3tPa55w0rd"
NAMED, GIVEN = marker("by-name"), marker("argument")
URL = marker("url-credentials")

# behind a secret stands which marker is put in its place: @ for one by its name
HIDDEN = {
    "YAML": "database:\n  user: app\n  password: S=@\n  port: 5\n",
    "YAML with a comment": "password: S=@ # soon\nx: y\n",
    "YAML in quotes": 'a:\n  - password: "S=@"\n    x: y\n',
    "YAML in single quotes": "password: 'S=@'\n",
    "YAML between braces": "- {user: a, password: S=@, z: 1}\n",
    "YAML, a block": "password: |\n  S=@\nx: y\n",
    "YAML, an empty line above": "a:\n\n  password: S=@\n  x: y\n",
    "YAML, the next line": "a:\n  password:\n    S=@\n  x: y\n",
    "YAML, a list": "tokens:\n- S=@\n- 'S=@'\nx: y\n",
    "YAML, a list in a line": 'tokens: [S=@, "S=@"]\nx: y\n',
    "YAML, a pair": "env:\n- name: DB_PASSWORD\n  value: S=@\n- name: X\n  value: y\n",
    "YAML, a pair turned": "env:\n- value: S=@\n  name: DB_PASSWORD\n- name: X\n  value: y\n",
    "YAML, a pair in a line": "env: [{name: DB_PASSWORD, value: S=@}, {name: x, value: y}]\n",
    "YAML, a tag": "password: !!str S=@\n",
    "YAML, an anchor": "password: &p S=@\nsecret: *p\n",
    "YAML, words": "api key: S=@\n",
    "a Secret in YAML": "kind: Secret\ndata:\n  foo: S=#\n  bar: |\n    S=#\n---\ndata:\n  a: b\n",
    "properties": "spring.datasource.password=S=@\na=b\n",
    "properties with spaces": "spring.datasource.password = S=@\na=b\n",
    "properties with a colon": "spring.datasource.password: S=@\na=b\n",
    "INI": "[db]\nuser = me\npassword = S=@\n\nx = y\n",
    "TOML": '[a]\napi_key = "S=@"\nx = 1\n',
    "TOML between braces": 't = { user = "a", password = "S=@" }\n',
    "TOML, a list": "tokens = [\"S=@\", 'S=@']\n",
    "TOML, many lines": 'api_key = """S=@"""\nx = 1\n',
    "shell": "export DB_PASSWORD=S=@\nrun\n",
    "shell, in quotes": "export DB_PASSWORD='S=@'\nrun\n",
    "shell, before a command": "db_password=S=@ cmd --port 80\n",
    "shell, alone": "db_password=S=@ cmd",
    "shell, a connection": 'psql "password=S=@"',
    "shell, a connection of more": 'psql "host=h password=S=@ dbname=x"',
    "shell, a flag": "run --password S=@ --port 80\n",
    "shell, a flag in quotes": "run --password 'S=@' --port 80\n",
    "shell, a header": "curl -H 'X-Api-Key: S=@' https://x\n",
    "shell, set": "helm x --set a.password=S=@,b=c",
    "an argument": "--set=a.password=S=@",
    "a file of variables": "DB_PASSWORD=S=@\nA=b\n",
    "directives": "port 6379\nrequirepass S=@\nmasterauth S=@\n",
    "a directive": "requirepass S=@",
    "a directive of a sentinel": "sentinel auth-pass mymaster S=@\n",
    "netrc": "machine h login u password S=@",
    "SQL": "CREATE USER x WITH PASSWORD 'S=@';",
    "a connection string": "Server=db;User ID=sa;Password=S=@;Encrypt=True",
    "a connection string that begins so": "Password=S=@;Server=x",
    "a connection string, small": "jdbc:sqlserver://h:1;user=u;password=S=@",
    "a connection string of Azure": "AccountName=x;AccountKey=S=@;EndpointSuffix=e",
    "a connection string of ODBC": "Driver={x};PWD=S=@;UID=a",
    "a connection string of libpq": "host=h password=S=@ dbname=x",
    "a query": "jdbc:mysql://h/db?user=u&password=S=@&x=1",
    "a token in a URL": "https://S=!@host/x",
    "a slash in a URL": "redis://user:ab/S=!@host/0",
    "an at sign in a URL": "redis://user:ab@S=!@host/0",
    "bearer": "authorization bearer S=+",
    "Bearer": "x BEARER S=+",
    "XML": "<a><password>S=@</password></a>",
    "XML, a pair": "<name>db.password</name><value>S=@</value>",
    "JSON": '{"a":\t1,  "password" :"S=@"}',
    "JSON, a pair": '{"env": [ {"name":"DB_PASSWORD","value":"S=@"} ]}',
    "JSON, a key twice": '{"password":"S=@", "password":"S=@"}',
    "JSON with comments": '{ // c\n "password": "S=@",\n token: \'S=@\', }',
    "JSON in lines": '{"password":"S=@"}\n{"password":"S=@"}\n',
    "JSON in a shell": 'curl -d "{\\"password\\": \\"S=@\\"}" x',
    "JSON of Docker": '{\n "auths": {"https://x/v1/": {"auth": "S=@"}}\n}',
    "a program": "secret = 'S=@'\nd = dict(password='S=@', a=1)\nx['token'] = \"S=@\"\n",
}
MARKS = {"@": NAMED, "#": marker("secret-data"), "!": URL, "+": marker("bearer-token")}


def _of(text: str) -> tuple[str, str]:
    """A text with its secrets, and what is to be made of it."""
    before = after = text
    for sign, mark in MARKS.items():
        before, after = before.replace(f"S={sign}", S), after.replace(f"S={sign}", mark)
    for start in ("ab/", "ab@"):  # a part of the password, in a URL
        after = after.replace(f"user:{start}«", "user:«")
    return before, after


def _as_objects(text: str) -> list[str]:
    """A text in a ConfigMap and in an annotation, from JSON and from YAML in both its styles."""
    objects = [
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": text}},
        {"metadata": {"annotations": {"a": text}}},
    ]
    return [
        form
        for each in objects
        for form in (json.dumps(each), yaml.safe_dump(each), yaml.safe_dump(each, width=9999))
    ]


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_secret_is_replaced_and_the_rest_stays(text: str) -> None:
    before, after = _of(text)
    assert redact_text(before).replace(GIVEN, NAMED) == after
    assert redact_text(after) == after, "what is hidden stays so"
    assert may_hold_secret(json.dumps(before).encode()), "the quick look sees it, too"
    assert may_hold_secret(json.dumps({"a": before}, ensure_ascii=False).encode())
    for form in _as_objects(before):
        (document,) = Documents(form, Memory()).read(form, 0)
        assert S not in json.dumps(document.value), form
    value = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": before}}
    assert S not in json.dumps(decode(json.dumps(value).encode()))


BY_EXTENSION = {
    "properties": ("app.properties", f"a.password={S} and {S} # it\n", f"a.password={NAMED}\n"),
    "variables": (".env", f"DB_PASSWORD={S} x\nA=b\n", f"DB_PASSWORD={NAMED}\nA=b\n"),
    "directives": ("x.conf", "bind a\npassword abcdef\n", f"bind a\npassword {GIVEN}\n"),
}


@pytest.mark.parametrize(("key", "text", "expected"), BY_EXTENSION.values(), ids=BY_EXTENSION)
def test_the_name_of_a_file_says_its_format(key: str, text: str, expected: str) -> None:
    assert redact_text(text, key) == expected
    assert redact_text(expected, key) == expected
    value = {"apiVersion": "v1", "kind": "ConfigMap", "data": {key: text}}
    assert redact(value)["data"][key] == expected


LEFT = {
    "a script that reads a file": "SECRET=$(cat /config/secretkey)\nMC=$SECRET\n",
    "names of Secrets": '{"secretName": "store",  "s3": {"accessKeyIdName": "AWS_ACCESS_KEY_ID"}}',
    "a reference in a URL": "postgresql://u:$(P)@h",
    "a variable in a URL": "redis://:${P}@h/0",
    "stars in a URL": "redis://:****@h",
    "a placeholder in a URL": "postgres://u:<password>@h",
    "a port": "http://example.org:8080/x@y",
    "a scope": "https://r.io:443/@scope/x",
    "a user": "https://me@example.org/x.git",
    "a reference": "--api-key=$(KEY)",
    "a command": "PASSWORD=$(cat FILE)",
    "prose": "Set the token: it is used to sign in.\nThe password is required\nset token here\n",
    "prose with flags": "Use --token to sign in, or --password for the password.",
    "templates": "a:\n{{- if .x }}\n  password: {{ .Values.password | quote }}\n{{- end }}\n",
    "YAML of references": (
        "password: ${PASSWORD}\nsecretName: foo\nsecretRef:\n  name: x\npasswordFile: /run/x\n"
        "token: <your token>\npassword: *other\n"
    ),
    "a schema": "password:\n  type: string\n  description: The password\n",
    "a script": (
        'if [ -z "$PASSWORD" ]; then exit 1; fi\n[ "$TOKEN" = "" ]\necho "password: $PASSWORD"\n'
        'curl -H "Authorization: Bearer $TOKEN" x\n'
    ),
    "TOML of models": 'max_tokens = 512\ntokenizer = "bpe"\n',
    "a program": "token = os.environ.get('X')\npassword = getpass.getpass()\nself.token = token\n",
    "what a script is given": 'TOKEN=$1\nPASSWORD="$2"\nSECRET=${1:?usage}\n',
    "a command in backticks": "PASSWORD=`cat /run/secrets/x`\n",
    "a field of a program": "password = config.password\n",
    "references of LiteLLM": "api_key: os.environ/VLLM_KEY\nkey: os.environ/MASTER_KEY\n",
    "an escaped reference of Kubernetes": "run --token=$$(BACKEND_TOKEN) --port 1",
    "a name that begins as a key does": (
        "EMBEDDER=sk-learn-tfidf-multilingual-large-v2-normalised-embeddings\n"
    ),
    "usage": "Usage: login --token TOKEN --password PASSWORD\n",
    "a placeholder in a header": 'curl -H "Authorization: Bearer <token>"\n',
    "references of other programs": (
        "token: ${env:HF_TOKEN}\npassword: $__file{/run/x}\nkey: ${vault:kv/db:password}\n"
    ),
    "nginx": "proxy_set_header Authorization $http_authorization;\nauth_request /auth;\n",
    "rights": "apiGroups: ['']\nresources: [secrets, tokenreviews]\nverbs: [get]\n",
    "a ConfigMap in YAML": "kind: ConfigMap\ndata:\n  foo: bar\n",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_is_no_secret_is_left(text: str) -> None:
    assert redact_text(text) == text


def _ini(values: dict[str, str]) -> str:
    parser = configparser.RawConfigParser()
    vars(parser)["optionxform"] = str  # names keep their capitals
    parser["section"] = values
    written = io.StringIO()
    parser.write(written)
    return written.getvalue()


def _toml(values: dict[str, str]) -> str:
    lines = [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in values.items()]
    return "[section]\n" + "\n".join(lines) + "\n"


def _toml_in_lines(values: dict[str, str]) -> str:
    return "".join(f'{name} = """\n{value}"""\n' for name, value in values.items())


def _properties(values: dict[str, str]) -> str:
    def escaped(value: str) -> str:
        return value.replace("\\", "\\\\").replace("\n", "\\n\\\n   ").replace("\r", "\\r")

    return "".join(f"{name}={escaped(value)}\n" for name, value in values.items())


def _exported(values: dict[str, str]) -> str:
    lines = (f"export {name}={shlex.quote(value)}" for name, value in values.items())
    return "#!/bin/sh\n" + "\n".join(lines) + "\nrun\n"


def _arguments(values: dict[str, str]) -> str:
    return shlex.join(["run", *(f"--{name}={value}" for name, value in values.items()), "--last"])


def _words(values: dict[str, str]) -> str:
    return "run " + " ".join(f"--{k} {shlex.quote(v)}" for k, v in values.items()) + " --last"


WRITERS: dict[str, tuple[str, Callable[[dict[str, str]], str]]] = {
    "JSON": ("a.json", json.dumps),
    "JSON in lines": ("a.json", lambda values: json.dumps({"a": [values]}, indent=2)),
    "YAML": ("a.yaml", yaml.safe_dump),
    "YAML, nested": ("a.yaml", lambda values: yaml.safe_dump({"a": [{"b": values}]}, width=40)),
    "YAML between braces": ("", lambda values: yaml.safe_dump(values, default_flow_style=True)),
    "YAML as it came": ("", lambda values: yaml.safe_dump(values, allow_unicode=True)),
    "YAML, pairs": (
        "",
        lambda values: yaml.safe_dump(
            {"env": [{"name": name, "value": value} for name, value in values.items()]}
        ),
    ),
    "INI": ("a.ini", _ini),
    "TOML": ("a.toml", _toml),
    "TOML in lines": ("", _toml_in_lines),
    "properties": ("a.properties", _properties),
    "exported": ("a.sh", _exported),
    "arguments": ("", _arguments),
    "words": ("", _words),
}
FLAT = frozenset({"INI", "TOML in lines", "properties", "words", "arguments"})
"""Formats that can't hold every character, or a line end."""
NAMES = st.sampled_from(
    ("password", "db_password", "DB_PASSWORD", "apiKey", "client-secret", "auth.token", "dbPass")
)
OTHERS = st.sampled_from(("user", "max_tokens", "secretName", "host", "password_file"))
MIDDLE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")))
IN_LINES = st.lists(MIDDLE, min_size=1, max_size=3).map("\n".join)
PLAIN = st.text("abcdefghij0123456789:=#;,'\"{}[]()|&<>\\/ $%!?*@-_.", max_size=30)


@pytest.mark.parametrize("form", WRITERS)
@given(data=st.data())
@examples(60)
def test_what_a_writer_puts_under_such_a_name_is_never_left(form: str, data: Any) -> None:
    middle = data.draw(PLAIN | (MIDDLE if form in FLAT else IN_LINES))
    if form == "TOML in lines":
        middle = middle.replace('"', "").replace("\\", "")
    if form in {"INI", "properties"}:
        middle = middle.strip()
    secret = f"H3ad{middle}7a1L"
    values = {data.draw(OTHERS): "x", data.draw(NAMES): secret, "zone": "eu-1"}
    key, write = WRITERS[form]
    text = write(values)
    found = redact_text(text, key)
    assert not any(part in found for part in ("H3ad", "7a1L")), text
    assert all(part in found for part in ("eu-1", "zone")), text
    assert redact_text(found, key) == found, text
    assert may_hold_secret(json.dumps(text).encode()), text


@pytest.mark.parametrize("form", WRITERS)
@given(data=st.data())
@examples(30)
def test_what_has_no_such_name_is_left(form: str, data: Any) -> None:
    values = data.draw(st.dictionaries(OTHERS, PLAIN.map(str.strip).filter(bool), min_size=1))
    key, write = WRITERS[form]
    if form == "TOML in lines":
        values = {name: value.replace('"', "").replace("\\", "") for name, value in values.items()}
    text = write({name: value.replace("://", "") for name, value in values.items()})
    assert redact_text(text, key) == text


SIZE = 100_000
HOSTILE = {
    "names": "password " * (SIZE // 9),
    "names and signs": "password=" * (SIZE // 9),
    "quotes without end": "password='" * (SIZE // 9),
    "quotes of two kinds": "a'password='b\"password=\"" * (SIZE // 24),
    "three quotes": "password='''x\npassword=\"\"\"\n" * (SIZE // 24),
    "escaped quotes": 'password=\\"' * (SIZE // 11),
    "colons": "password:\n" * (SIZE // 9),
    "blocks": "password: |\n" * (SIZE // 11),
    "pairs": "name: password\n" * (SIZE // 15),
    "pairs in a line": "name: password, " * (SIZE // 16),
    "brackets": "password: [" * (SIZE // 11),
    "a list": "password: [" + "abcdefghijklmn," * (SIZE // 15),
    "substitutions": "password=" + "$(a(" * (SIZE // 4),
    "backslashes": "password: " + "\\\n" * (SIZE // 2),
    "counts": "token:\n" + " token: 5\n" * (SIZE // 9),
    "lists": "token:\n- " * (SIZE // 9),
    "spaces": ("token" + " " * 200) * (SIZE // 205),
    "Secrets": "kind: Secret\n" + "data:\n a: b\n" * (SIZE // 12),
    "documents": "kind: Secret\n---\n" * (SIZE // 16),
    "elements": "<name>password</name>" * (SIZE // 20),
    "markers": "token=a«redacted:x»" * (SIZE // 19),
    "a history": "ENV password=abc " + "a " * (SIZE // 2),
    "arguments of a history": "|9 " + "password=abc a b c d e f " * (SIZE // 26),
    "markers of a history": "|9 " + "=«redacted:x» " * (SIZE // 14),
    "pluses": "+token=a" * (SIZE // 8),
    "JSON cut short": '{"password":' * (SIZE // 12),
    "JSON with keys twice": '{"a":1,"password":"x",' * 500 + '"b":1' + "}" * 500,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_takes_time_by_its_length(text: str) -> None:
    started = time.process_time()
    redact_text(text)
    may_hold_secret(json.dumps({"a": text}).encode())
    assert time.process_time() - started < 3


DIGEST = "0f3d5b7c" * 8


@pytest.mark.parametrize(
    "image",
    [
        f"registry.example.com/tools/token-meter:1.9.0@sha256:{DIGEST}",
        f"team/api-token@sha256:{DIGEST}",
        "registry.example.com:5000/token:2",
        "ghcr.io/acme/hf-token:v1.2.3-rc.1",
    ],
)
def test_an_image_is_called_as_it_is(image: str) -> None:
    """What follows its name is a version: no rule about images would see it otherwise."""
    assert redact_text(image) == image


@pytest.mark.parametrize(
    "text",
    [
        "registry.example.com/token:hunter2hunter2",
        "db/password:12345678",
        "my-token:12345678901",
        f"x.example/token:1.0@sha256:{DIGEST}0",
        f"x.example/token:1.0 password: {DIGEST}",
    ],
)
def test_what_only_begins_as_an_image_is_none(text: str) -> None:
    assert "redacted" in redact_text(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV A=b PASSWORD=@ C=d", f"ENV A=b PASSWORD={GIVEN} C=d"),
        ("ARG PASSWORD=@", f"ARG PASSWORD={GIVEN}"),
        ("/bin/sh -c #(nop)  ENV PASSWORD=@", f"/bin/sh -c #(nop)  ENV PASSWORD={GIVEN}"),
        ("|2 PASSWORD=@ B=c /bin/sh -c x", f"|2 PASSWORD={GIVEN} B=c /bin/sh -c x"),
        ("RUN |1 PASSWORD=@ /bin/sh -c x", f"RUN |1 PASSWORD={GIVEN} /bin/sh -c x"),
    ],
)
def test_no_word_of_a_secret_stays_in_a_history(text: str, expected: str) -> None:
    """Values have no quotes there, so one with blanks ends at the next name, or at the shell."""
    assert redact_text(text.replace("@", "plumage quarrel tangerine")) == expected


def test_a_command_after_its_arguments_stays() -> None:
    assert redact_text("|1 PASSWORD=plumage id -u") == f"|1 PASSWORD={GIVEN} id -u"


@pytest.mark.parametrize("key", ["Env", "environment"])
def test_no_word_of_a_secret_stays_in_a_variable(key: str) -> None:
    text = "DB_PASSWORD=plumage quarrel tangerine"
    expected = {key: [f"DB_PASSWORD={GIVEN}", "A=b c"]}
    assert redact({key: [text, "A=b c"]}) == expected
    assert redact_field(key, [text, "A=b c"]) == expected[key]
    left = {"args": [f"DB_PASSWORD={GIVEN} quarrel tangerine"]}
    assert redact({"args": [text]}) == left, "a shell takes the rest for a command"

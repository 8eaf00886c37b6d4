"""Secrets that a name tells, wherever they stand: the same in objects, JSON, and both YAMLs."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditor.secrets.hints import holding, may_hold_secret
from auditor.secrets.marks import marker
from auditor.secrets.redact import decode, redact
from collectors.documents.blocks import Memory
from collectors.documents.yaml_documents import Documents
from tests.sweeps import examples
from tests.unit.secrets.hiding import check_hints

DENSE: dict[str, Any] = {"separators": (",", ":"), "ensure_ascii": False}
NAMED, GIVEN = marker("by-name"), marker("argument")
DATA, OPEN, PUBLIC = marker("secret-data"), marker("placeholder"), marker("certificate")

HIDDEN: dict[str, tuple[Any, Any]] = {
    "field of a custom resource": ({"spec": {"password": "x1"}}, {"spec": {"password": NAMED}}),
    "deep in lists": ({"users": [[{"dbPwd": "x1"}]]}, {"users": [[{"dbPwd": NAMED}]]}),
    "number": ({"spec": {"pin": 1234}}, {"spec": {"pin": NAMED}}),
    "label": (
        {"metadata": {"labels": {"password": "x1"}, "annotations": {"x.io/token": "x1"}}},
        {"metadata": {"labels": {"password": NAMED}, "annotations": {"x.io/token": NAMED}}},
    ),
    "options of a volume": (
        {"flexVolume": {"driver": "x", "options": {"password": "x1"}}},
        {"flexVolume": {"driver": "x", "options": {"password": NAMED}}},
    ),
    "attributes of a volume": (
        {"csi": {"volumeAttributes": {"password": "x1", "secretkey": "x1", "share": "z"}}},
        {"csi": {"volumeAttributes": {"password": NAMED, "secretkey": NAMED, "share": "z"}}},
    ),
    "binary data": (
        {"kind": "ConfigMap", "binaryData": {"password": "eDE="}, "data": {"db.pwd": "x1"}},
        {"kind": "ConfigMap", "binaryData": {"password": NAMED}, "data": {"db.pwd": NAMED}},
    ),
    "parameters": (
        {"parameters": [{"name": "db-password", "value": "x1"}, {"name": "a", "value": "b"}]},
        {"parameters": [{"name": "db-password", "value": NAMED}, {"name": "a", "value": "b"}]},
    ),
    "value before its name": (
        {"x": [{"defaultValue": "x1", "key": "token"}]},
        {"x": [{"defaultValue": NAMED, "key": "token"}]},
    ),
    "pair in capitals": (
        {"Environment": [{"Name": "TOKEN", "Value": "x1"}]},
        {"Environment": [{"Name": "TOKEN", "Value": NAMED}]},
    ),
    "value that is a mapping": (
        {"env": [{"name": "DB_PASSWORD", "value": {"a": "x1", "b": ["x2"]}}]},
        {"env": [{"name": "DB_PASSWORD", "value": {"a": NAMED, "b": [NAMED]}}]},
    ),
    "value that is a number": (
        {"env": [{"name": "DB_PASSWORD", "value": 482913}]},
        {"env": [{"name": "DB_PASSWORD", "value": NAMED}]},
    ),
    "many": (
        {"passwords": {"alice": "x1", "description": "of all"}, "apiKeys": ["x1", "x2"]},
        {"passwords": {"alice": NAMED, "description": "of all"}, "apiKeys": [NAMED, NAMED]},
    ),
    "value below a name": (
        {"password": {"value": "x1", "hint": "z"}},
        {"password": {"value": NAMED, "hint": "z"}},
    ),
    "argument": (
        {"args": ["--requirepass", "x1", "--secret-access-key", "x1", "--credentials", "x1", "-v"]},
        {"args": ["--requirepass", GIVEN, "--secret-access-key", GIVEN, "--credentials", GIVEN]},
    ),
    "argument with one dash": (
        {"exec": {"command": ["a", "-private-key", "x1", "--pass", "x1"]}},
        {"exec": {"command": ["a", "-private-key", GIVEN, "--pass", GIVEN]}},
    ),
    "argument that is a number": (
        {"args": ["--password", 482913]},
        {"args": ["--password", GIVEN]},
    ),
    "item of a list of secrets": (
        {"kind": "SecretList", "apiVersion": "v1", "items": [{"data": {"a": "eDE="}}]},
        {"kind": "SecretList", "apiVersion": "v1", "items": [{"data": {"a": DATA}}]},
    ),
    "item that says nothing in a list": (
        {
            "kind": "List",
            "items": [{"kind": "", "data": {"a": "eDE="}}, {"data": "b"}],
        },
        {"kind": "List", "items": [{"kind": "", "data": {"a": DATA}}, {"data": DATA}]},
    ),
    "item of a list of config maps": (
        {"kind": "ConfigMapList", "items": [{"data": {"password": "x1", "a": "b"}}]},
        {"kind": "ConfigMapList", "items": [{"data": {"password": NAMED, "a": "b"}}]},
    ),
    "secret in another": (
        {"spec": {"manifests": [{"kind": "Secret", "stringData": {"a": "x1"}}]}},
        {"spec": {"manifests": [{"kind": "Secret", "stringData": {"a": DATA}}]}},
    ),
    "small letters": (
        {"kind": "secret", "Data": {"a": "x1"}, "STRINGDATA": {"b": 5}},
        {"kind": "secret", "Data": {"a": DATA}, "STRINGDATA": {"b": DATA}},
    ),
    "another version": (
        {"kind": "Secret", "apiVersion": "core/v1", "binaryData": {"a": "x1"}},
        {"kind": "Secret", "apiVersion": "core/v1", "binaryData": {"a": DATA}},
    ),
    "data that is a text": ({"kind": "Secret", "data": "x1"}, {"kind": "Secret", "data": DATA}),
    "data that is a list": (
        {"kind": "Secret", "data": ["x1", {"a": "x1"}]},
        {"kind": "Secret", "data": [DATA, DATA]},
    ),
    "data in data": (
        {"kind": "Secret", "data": {"a": {"b": "x1"}}},
        {"kind": "Secret", "data": {"a": DATA}},
    ),
    "template of a sealed secret": (
        {
            "kind": "SealedSecret",
            "spec": {"encryptedData": {"a": "b"}, "template": {"data": {"a": "x1"}}},
        },
        {
            "kind": "SealedSecret",
            "spec": {"encryptedData": {"a": "b"}, "template": {"data": {"a": DATA}}},
        },
    ),
    "stringData of anything": (
        {"spec": {"template": {"stringData": {"a": "x1"}}}},
        {"spec": {"template": {"stringData": {"a": DATA}}}},
    ),
    "no value of a secret": (
        {"kind": "Secret", "data": {"a": "", "b": "PEhGPg==", "c": "<HF>", "ca.crt": "eDE="}},
        {"kind": "Secret", "data": {"a": "", "b": OPEN, "c": OPEN, "ca.crt": PUBLIC}},
    ),
    "certificate and its key": (
        {
            "kind": "Secret",
            "stringData": {
                "tls.crt": "-----BEGIN CERTIFICATE-----\nx",
                "tls.pem": "-----BEGIN CERTIFICATE-----\nx\n-----BEGIN PRIVATE KEY-----\ny",
            },
        },
        {"kind": "Secret", "stringData": {"tls.crt": PUBLIC, "tls.pem": DATA}},
    ),
}
HIDDEN["argument"][1]["args"].append("-v")

POD: dict[str, Any] = {
    "metadata": {"annotations": {"checksum/secret": "e3b0c44298fc1c149afbf4c8996fb924"}},
    "spec": {
        "automountServiceAccountToken": True,
        "imagePullSecrets": [{"name": "regcred"}],
        "tolerations": [
            {"key": "token", "operator": "Equal", "value": "gold", "effect": "NoSchedule"}
        ],
        "containers": [
            {
                "name": "secret-agent",
                "args": ["--token-file", "x", "--tls-secret", "my-cert", "--max-tokens", "512"],
                "env": [
                    {
                        "name": "DB_PASSWORD",
                        "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}},
                    },
                    {"name": "MODEL", "value": "x"},
                ],
                "envFrom": [{"secretRef": {"name": "db-credentials"}}],
            }
        ],
        "volumes": [
            {"name": "db-secret", "secret": {"secretName": "db", "defaultMode": 420}},
            {
                "name": "kube-api-access-x2x4x",
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
                        {"secret": {"name": "a", "items": [{"key": "password", "path": "pwd"}]}},
                    ]
                },
            },
            {"name": "c", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "x1"}}},
        ],
    },
}
LEFT: dict[str, Any] = {
    "pod": POD,
    "request for tokens": {"tokenRequests": [{"audience": "vault", "expirationSeconds": 3600}]},
    "account": {"kind": "ServiceAccount", "secrets": [{"name": "default-token-x1x2x"}]},
    "reference to a Secret": {"ref": {"kind": "Secret", "name": "x1"}},
    "external secret": {
        "kind": "ExternalSecret",
        "spec": {
            "data": [{"secretKey": "token", "remoteRef": {"key": "ml/hf", "property": "token"}}],
            "target": {"template": {"data": {"config": "user: {{ .user }}"}}},
        },
    },
    "selector": {"matchExpressions": [{"key": "token", "operator": "In", "values": ["x1"]}]},
    "certificate": {"privateKey": {"algorithm": "RSA", "size": 2048, "rotationPolicy": "Always"}},
    "schema": {"properties": {"tokens": {"type": "array", "description": "what opens doors"}}},
    "reference in a value": {"env": [{"name": "TOKEN", "value": "$(A)"}], "password": "${B}"},
    "values of a chart": {"existingSecret": "db-1", "secretName": "x1", "tokenAudience": "x1"},
    "role": {"rules": [{"resources": ["secrets"], "verbs": ["get"], "resourceNames": ["x1"]}]},
}


def read(text: str) -> Any:
    (document,) = Documents(text, Memory()).read(text, 0)
    return document.value


def check(value: Any, expected: Any) -> None:
    """As an object, as JSON, and as YAML in its styles."""
    assert redact(value) == expected
    assert redact(expected) is expected, "what is hidden stays so"
    for text in (json.dumps(value), json.dumps(value, **DENSE), json.dumps(value, indent=1)):
        assert decode(text.encode()) == expected
        assert holding([text.encode()] * 2) == [may_hold_secret(text.encode())] * 2
    assert read(json.dumps(value)) == expected
    for options in ({}, {"width": 9999}, {"default_flow_style": None, "width": 9999}):
        text = yaml.safe_dump(value, sort_keys=False, **options)
        assert read(text) == expected, text


@pytest.mark.parametrize(("value", "expected"), HIDDEN.values(), ids=HIDDEN)
def test_secret_is_replaced(value: Any, expected: Any) -> None:
    check(value, expected)


@pytest.mark.parametrize("value", LEFT.values(), ids=LEFT)
def test_what_is_no_secret_is_left(value: Any) -> None:
    check(value, value)
    assert redact(value) is value, "nothing to hide is not a copy"


def test_an_ordinary_pod_is_not_looked_through() -> None:
    """It is asked of a hundred thousand of them."""
    for options in (DENSE, {}):
        assert not may_hold_secret(json.dumps(POD, **options).encode())


def test_a_tag_hides_nothing_from_us() -> None:
    text = "kind: Secret\nstringData: !vault |\n  x1\ndata: !a {b: x1}\n"
    assert read(text) == {"kind": "Secret", "stringData": DATA, "data": {"b": DATA}}


KEYS = st.sampled_from(
    (
        *("password", "Token", "APIKEY", "secretName", "secret", "serviceAccountToken", "pwd"),
        *("name", "key", "Name", "KEY", "value", "values", "Value", "defaultValue", "default"),
        *("operator", "kind", "items", "data", "Data", "stringData", "stringdata", "tokens"),
        *("passwords", "spec", "a", "PassWord", "auth", "x/token", "tokens per", 'pass"word'),
        *(
            "tokenExpirationSeconds",
            "secrets",
            "imagePullSecrets",
            "connectionString",
            "\u017fecret",
        ),
    )
)
TEXTS = st.sampled_from(
    (
        *("hunter22", "Secret", "secret", "SecretList", "List", "ConfigMapList", "SealedSecret"),
        *("--password", "--pass-file", "-token", "--token=x", "DB_PASSWORD", "token", "MODEL"),
        *("$(A)", "", "true", "my-cert", "512", "Pod", " Secret ", 'a"b', "a\\", "\u00e9", "In"),
    )
)
ANY = st.recursive(
    TEXTS | st.integers(-9, 9_999_999) | st.booleans() | st.just(0.5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.fixed_dictionaries({"name": TEXTS, "value": inner})
        | st.fixed_dictionaries({"kind": TEXTS, "items": st.lists(inner, max_size=2)})
        | st.fixed_dictionaries({"kind": TEXTS, "data": inner})
    ),
    max_leaves=10,
)
SEPARATORS = st.sampled_from(
    [(",", ":"), (", ", ": "), (" ,\n", " : "), ("," + " " * 90, ":" + " " * 90)]
)


@given(ANY, st.booleans(), SEPARATORS)
@examples(400)
def test_what_may_hold_no_secret_has_none(
    value: Any,
    ascii_only: bool,  # noqa: FBT001 - what the test is about
    separators: tuple[str, str],
) -> None:
    check_hints(value, separators, ascii_only=ascii_only)


@given(ANY)
@examples(400)
def test_yaml_hides_what_json_hides(value: Any) -> None:
    value = {"x": value}
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=9999)
    assert read(text) == decode(json.dumps(value).encode()), text


NO_CREDENTIAL = (
    *("--max-num-batched-token=8192", "--max-token=512", "--max-new-token=4096"),
    *("--pad-token=<pad>", "--eos-token=</s>", "--mysql-native-password=ON"),
    *("--secret=NAME", "--image-pull-secret=regcred", "--tls-secret=my-cert"),
    *("--token=${TOKEN}", "--token=$TOKEN", "--db_password=$(DB_PASSWORD)", "--api-key=$(KEY)"),
    *("--api-key=REPLACE_ME", "--token=<your token>", "PASSWORD=$(cat FILE)"),
    *("postgresql://u:$(P)@h/d", "redis://:${P}@h:1/0", "redis://u:****@h:1/0"),
    '{"secretName": "store", "s3": {"accessKeyIdName": "AWS_ACCESS_KEY_ID"}}',
)
CREDENTIAL = (
    *("--api-key=sk-1234abcd", "--set=a.password=hunter22", "--set=x=1,a.password=hunter22,b=2"),
    *("a.password=hunter22", "postgresql://u:hunter22@h/d", "PASSWORD=hunter22"),
    *("AWS_SECRET_ACCESS_KEY=minioadmin", '{"s3": {"secretKey": "hunter22"}}'),
)


@pytest.mark.parametrize("text", NO_CREDENTIAL)
def test_where_no_credential_is_written_none_is_told(text: str) -> None:
    check({"args": ["serve", text]}, {"args": ["serve", text]})


@pytest.mark.parametrize("text", CREDENTIAL)
def test_where_a_credential_is_written_it_is_hidden(text: str) -> None:
    hidden = redact({"args": ["serve", text]})
    assert hidden["args"][1] != text
    check({"args": ["serve", text]}, hidden)

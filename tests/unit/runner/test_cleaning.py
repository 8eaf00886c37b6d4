"""What a run takes from a collector is without secrets, and is itself where it had none."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.resource import Evidence, Owner, Resource
from auditor.runner.cleaning import CleanReading, clean_resource
from auditor.secrets.messages import redact_message, redact_texts
from auditor.secrets.redact import decode
from auditor.secrets.shapes import HINTS
from collectors.documents.blocks import Memory
from collectors.documents.reading import FileReading
from collectors.kubernetes.manifests.recogniser import MANIFESTS

TOKEN = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
KEY = "sk-" + "a1b2c3d4e5" * 4
BODY = {"spec": {"env": [{"name": "DB_PASSWORD", "value": "hunter22"}]}}
PLAIN = Resource(
    kind="k8s/Pod",
    api_version="v1",
    name="trainer-7d9f-x8k2l",
    namespace="ml",
    uid="a.yaml#k8s/Pod/ml/trainer-7d9f-x8k2l",
    source="a.yaml",
    document=0,
    line=1,
    body=json.dumps(BODY).encode(),
    labels=(("app", "trainer"),),
    controller=Owner("apps/v1", "Deployment", "ml", "trainer"),
)


@pytest.mark.parametrize("clean", [False, True])
def test_a_resource_without_secrets_is_itself(*, clean: bool) -> None:
    body = json.dumps({"spec": {"env": [{"name": "A", "value": "b"}]}}).encode()
    plain = msgspec.structs.replace(PLAIN, body=body, clean=clean)
    assert clean_resource(plain) is plain


@pytest.mark.parametrize("secret", [TOKEN, KEY, "password=hunter22", "x?sig=hunter22"])
@pytest.mark.parametrize("field", ["kind", "api_version", "name", "namespace", "uid", "source"])
def test_its_texts_are_cleaned(field: str, secret: str) -> None:
    found = clean_resource(msgspec.structs.replace(PLAIN, **{field: secret}))
    assert "«redacted:" in getattr(found, field)
    assert secret not in repr(found)


HINTED = [*(hint for hint in HINTS if hint.isascii()), "", "a", "A9", "0", "/", "#", "_", ".", "-"]


@given(st.lists(st.sampled_from(HINTED) | st.text("aZ09._/#-", max_size=40), max_size=6))
def test_names_that_are_passed_over_hold_nothing(parts: list[str]) -> None:
    """Those whose characters alone say so: a slower look comes to the same."""
    name = "".join(parts)
    assert clean_resource(msgspec.structs.replace(PLAIN, name=name)).name == redact_message(name)


@given(st.lists(st.sampled_from(HINTED) | st.text("aZ09._/#-:= ", max_size=40), max_size=6))
def test_a_file_is_called_what_a_slower_look_comes_to(parts: list[str]) -> None:
    name = "".join(parts)
    reading = FileReading(name, name, b"a: 1", (MANIFESTS,), Memory())
    found = CleanReading(reading)
    assert found.evidence == redact_texts(Evidence(name, name, reading.evidence.sha256, 4))
    assert found.source == found.scope == redact_message(name)


def test_labels_are_judged_by_their_names() -> None:
    labels = (("app", "trainer"), ("password", "hunter22"), ("note", TOKEN))
    found = clean_resource(msgspec.structs.replace(PLAIN, labels=labels))
    assert found.labels == (
        ("app", "trainer"),
        ("password", "«redacted:by-name»"),
        ("note", "«redacted:github-token»"),
    )


def test_its_controller_is_cleaned() -> None:
    owner = Owner("v1", "Box", "ml", KEY)
    found = clean_resource(msgspec.structs.replace(PLAIN, controller=owner))
    assert found.controller == Owner("v1", "Box", "ml", "«redacted:openai-key»")


def test_a_body_that_is_said_to_be_clean_is_looked_through() -> None:
    said = clean_resource(msgspec.structs.replace(PLAIN, clean=True))
    assert msgspec.json.decode(said.body) == decode(PLAIN.body)


def test_a_body_that_is_not_is_left_to_who_decodes_it() -> None:
    """Once for each distinct slice, not once for each of a hundred thousand pods."""
    assert clean_resource(PLAIN).body is PLAIN.body


def test_a_resource_is_not_clean_unless_its_collector_says_so() -> None:
    assert not PLAIN.clean

"""Sentences, requests and headers without secrets, and structs of them."""

from __future__ import annotations

import pytest

from auditor.model.enums import Answered, GapCause
from auditor.model.evidence import Principal, Record, TargetEntry
from auditor.model.resource import Excluded, Gap
from auditor.secrets.messages import redact_message, redact_texts

SAID = "«redacted:argument»"
HIDDEN = {
    "in a sentence": ("no login: password=hunter22, try", f"no login: password={SAID}, try"),
    "a query": ("GET /x?token=hunter22&limit=5", f"GET /x?token={SAID}&limit=5"),
    "a signature": ("GET /x?sv=1&sig=hunter22%3D", f"GET /x?sv=1&sig={SAID}"),
    "a code": ("/cb?code=hunter22#x", f"/cb?code={SAID}#x"),
    "of a cloud": (
        "https://b.s3/x?X-Amz-Credential=hunter22&X-Amz-Signature=hunter33",
        f"https://b.s3/x?X-Amz-Credential={SAID}&X-Amz-Signature={SAID}",
    ),
    "a cookie": ("Cookie: id=hunter22\r\nAccept: x", f"Cookie: {SAID}\r\nAccept: x"),
    "a header": ("Authorization: Basic hunter22hunter22", "Authorization: «redacted:by-name»"),
    "an address": ("https://u:hunter22@host/x", "https://u:«redacted:url-credentials»@host/x"),
}
LEFT = (
    "",
    "GET /api/v1/secrets?limit=500&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTIzfQ",
    "GET /apis/x/v1/tokens?labelSelector=a%3Db",
    "GET /openid?response_code=200",
    "system:serviceaccount:ml:token-reader",
    "spec.password=$(PASSWORD) is not read",
    "secretName=database",
)


@pytest.mark.parametrize(("text", "expected"), HIDDEN.values(), ids=HIDDEN.keys())
def test_a_secret_is_replaced(text: str, expected: str) -> None:
    assert redact_message(text) == expected
    assert redact_message(expected) == expected, "once more changes nothing"


@pytest.mark.parametrize("text", LEFT)
def test_what_is_no_secret_is_left(text: str) -> None:
    assert redact_message(text) is text


def test_every_text_of_a_struct_is_looked_at() -> None:
    """Whatever fields it has: those that a struct gets later need no line anywhere."""
    secret, left = "password=hunter22", f"password={SAID}"
    record = Record(1, secret, secret, secret, secret, secret, Answered.OK, 200, secret)
    gap = Gap(secret, secret, GapCause.DENIED, secret, secret, namespace=secret)
    excluded = Excluded(secret, secret)
    entry = TargetEntry(
        *(secret, secret, secret, secret),
        principal=Principal(secret, secret, (secret,), secret),
        started=secret,
        ended=secret,
        kinds=(secret,),
        gaps=(gap,),
        excluded=(excluded,),
        notes=("plain", secret),
    )
    for each in (record, entry):
        found = redact_texts(each)
        assert "hunter22" not in repr(found)
        assert repr(found) == repr(each).replace(secret, left)


def test_a_struct_without_secrets_is_itself() -> None:
    gap = Gap("k8s://a", "k8s/Pod", GapCause.DENIED, "refused", "ask for it")
    assert redact_texts(gap) is gap
    assert redact_texts((gap, "x", 1, None)) == (gap, "x", 1, None)

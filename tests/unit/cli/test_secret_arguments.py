"""What is secret of an address that is refused is in no error, and in no hint."""

from __future__ import annotations

import pytest

from auditor.cli.errors import show_error
from auditor.errors import UsageError
from auditor.evidence.signers import signer_of
from auditor.secrets.uris import shown
from collectors.kubernetes.live.address import parse_address

CANARY = "kanari1234"
ADDRESSES = {
    "a token of a cluster": (
        f"k8s://ctx?token={CANARY}",
        "k8s://ctx?token=...: token is not an option",
    ),
    "a user of a cluster": (f"k8s://bob:{CANARY}@h?x=y", "k8s://h?x=...: x is not an option"),
    "a token of our own cluster": (
        f"k8s+incluster://x?token={CANARY}",
        "k8s+incluster://x?token=...: token is not an option",
    ),
    "a token beside a namespace": (
        f"k8s://ctx?namespace=a&token={CANARY}",
        "k8s://ctx?namespace=a&token=...",
    ),
    "a semicolon": (f"k8s://ctx?a=b;token={CANARY}", "is not an option"),
}


@pytest.mark.parametrize(("text", "says"), ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_is_refused_without_its_secrets(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(text)
    assert says in caught.value.message
    assert CANARY not in f"{caught.value.message} {caught.value.hint}"


KEYS = {
    "a user": f"https://bob:{CANARY}@h/x",
    "a query": f"https://h/x?sig={CANARY}",
}


@pytest.mark.parametrize("uri", KEYS.values(), ids=KEYS)
def test_a_key_is_refused_without_its_secrets(uri: str) -> None:
    with pytest.raises(UsageError) as caught:
        signer_of(uri, lambda _: None)
    assert CANARY not in f"{caught.value.message} {caught.value.hint}"


def test_a_pin_in_the_address_of_a_token_is_refused() -> None:
    """RFC 7512, 2.4 has it; here it would stand in the list of processes."""
    pytest.importorskip("pkcs11")
    with pytest.raises(
        UsageError, match=r"hsm:2\?label=a&pin-value=\.\.\.: label is all"
    ) as caught:
        signer_of(f"hsm:2?label=a&pin-value={CANARY}", lambda _: None)
    assert CANARY not in caught.value.message


def test_an_address_is_shown_without_what_signs_in() -> None:
    assert shown("hsm:2?label=a&pin-value=b", {"label"}) == "hsm:2?label=a&pin-value=..."
    assert shown("https://u:p@h/x?a=b;c") == "https://h/x?a=...;c"
    assert shown("a@b?c") == "a@b?c"


def test_no_error_shows_what_is_named_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever raises it: the last place before a person sees it."""
    show_error(UsageError(f"no: x://u:{CANARY}@h?token={CANARY}", hint=f"--password={CANARY}"))
    told = capsys.readouterr().err
    assert CANARY not in told
    assert "hint: " in told

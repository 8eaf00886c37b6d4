"""Addresses of time-stamping authorities: which are none, and what of one is never shown."""

from __future__ import annotations

import pytest

from auditor.cli.authority import Authority
from auditor.errors import UsageError

SHOWN = {
    "plain": ("https://tsa.example.org/", "https://tsa.example.org/", ()),
    "a port": ("http://tsa.example.org:318/x", "http://tsa.example.org:318/x", ()),
    "IPv6": ("http://[::1]:318/x", "http://[::1]:318/x", ()),
    "a user": ("http://me:p%40ss@h/x", "http://h/x", ("me:p%40ss", "p%40ss", "p@ss")),
    "a query": ("http://h/x?api_key=Q%2F7&n=1", "http://h/x", ("api_key=Q%2F7&n=1", "Q/7")),
    "both": (
        "http://me:pass-4711@h/?k=value-4711#f",
        "http://h/",
        ("me:pass-4711", "pass-4711", "k=value-4711", "value-4711"),
    ),
}


@pytest.mark.parametrize(("url", "shown", "secrets"), SHOWN.values(), ids=SHOWN.keys())
def test_what_is_shown(url: str, shown: str, secrets: tuple[str, ...]) -> None:
    found = Authority.at(url)
    assert found.shown == shown
    assert found.secrets >= set(secrets)
    assert bool(found.secrets) == bool(secrets)
    assert found.without(f"--tsa={url}") == f"--tsa={shown}"
    for secret in secrets:
        if len(secret) >= 8:
            assert secret not in found.without(f"url: /x?{secret} refused")


def test_short_values_do_not_spoil_other_words() -> None:
    found = Authority.at("http://a:b@h/x?n=1")
    text = "http://a:b@h/x?n=1 --workers=1 a:b@h refused url: /x?n=1 at 127.0.0.1"
    assert found.without(text) == "http://h/x --workers=1 h refused url: /x at 127.0.0.1"


BAD = (
    "", "x", "user:canary@host", "ftp://canary@x/", "http://", "http:///canary", "http://a canary/",
    "http://[canary/", "http://canary:99999/", "http://canary:x/", "http://ex\u00e4mple/canary",
    "http://x/canary\n",
)  # fmt: skip


@pytest.mark.parametrize("url", BAD)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Authority.at(url)
    assert "is none of http or https" in caught.value.message
    assert "--tsa http" in caught.value.hint
    assert "canary" not in caught.value.message + caught.value.hint

"""Base64: the values are those of cel-go 0.26, which asks Go's encoding/base64."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cel import DYN, CelEvalError, Environment

ENVIRONMENT = Environment({"x": DYN}, checked=False)
DECODE = ENVIRONMENT.compile("base64.decode(x)")
ENCODE = ENVIRONMENT.compile("base64.encode(x)")

DECODED = {
    "padded": ("aGVsbG8=", b"hello"),
    "without padding": ("aGVsbG8", b"hello"),
    "two signs of padding": ("aA==", b"h"),
    "nothing": ("", b""),
    "line ends": ("aG\r\nVs\nbG8=\n", b"hello"),
    "line end in the padding": ("aA=\n=", b"h"),
    "bits that are not zero": ("aB==", b"h"),
}
REFUSED = {
    "one digit": "a",
    "too little padding": "aA=",
    "too much padding": "aGVs=",
    "only padding": "====",
    "padding in the middle": "aA==aA==",
    "a space": "aG Vs",
    "of the URL's alphabet": "-_8=",
    "another letter": "aGé=",
}


@pytest.mark.parametrize(("text", "expected"), DECODED.values(), ids=DECODED.keys())
def test_decode(text: str, expected: bytes) -> None:
    assert DECODE.run(text) == expected


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_refused(text: str) -> None:
    with pytest.raises(CelEvalError, match=r"^base64\.decode: not base64$"):
        DECODE.run(text)


@pytest.mark.parametrize("value", [1, None, "a", ["a"]], ids=str)
def test_only_bytes_are_encoded(value: object) -> None:
    with pytest.raises(CelEvalError, match=r"no such overload: base64\.encode"):
        ENCODE.run(value)


@given(st.binary(max_size=200))
def test_there_and_back(data: bytes) -> None:
    text = ENCODE.run(data)
    assert text == base64.b64encode(data).decode()
    assert DECODE.run(text) == data
    assert DECODE.run(str(text).rstrip("=")) == data

"""What an s3:// URI names, and what is refused without repeating it."""

from __future__ import annotations

import fnmatch
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import UsageError
from auditor.storage.address import Address, address_of

TAKEN = {
    "s3://bucket/a.zip": Address("bucket", "a.zip"),
    "s3://my.bucket-1/a/b=c/part-0.zip": Address("my.bucket-1", "a/b=c/part-0.zip"),
}
REFUSED = {
    "a key and a secret": "s3://AKIAKANARI:kanarisecret@bucket/a.zip",
    "a secret": "s3://kanarisecret@bucket/a.zip",
    "a port": "s3://bucket:9000/a.zip",
    "a signed one": "s3://bucket/a.zip?X-Amz-Signature=kanarisecret",
    "no bucket": "s3:///a.zip",
    "no key": "s3://bucket",
    "a folder": "s3://bucket/a/",
    "two slashes": "s3://bucket/a//b.zip",
    "upwards": "s3://bucket/a/../b.zip",
    "here": "s3://bucket/./b.zip",
    "an escape": "s3://bucket/a%2fb.zip",
    "a line": "s3://bucket/a\nb.zip",
    "an escape sequence": "s3://bucket/\x1b[2Jb.zip",
    "not ASCII": "s3://bucket/\N{CYRILLIC SMALL LETTER A}.zip",
    "a bucket in capitals": "s3://BUCKET/a.zip",
    "a short bucket": "s3://b/a.zip",
    "dots in a row": "s3://a..b/a.zip",
    "too long": f"s3://bucket/{'a' * 1025}",
}


@pytest.mark.parametrize(("uri", "address"), TAKEN.items())
def test_taken(uri: str, address: Address) -> None:
    assert address_of(uri) == address
    assert str(address) == uri


@pytest.mark.parametrize("uri", REFUSED.values(), ids=REFUSED)
def test_refused(uri: str) -> None:
    with pytest.raises(UsageError) as found:
        address_of(uri)
    said = found.value.message + found.value.hint
    assert "kanari" not in said.lower()
    assert said.isprintable()


NAMES = st.text("ab.", max_size=6)


@given(pattern=st.text("ab.*", min_size=1, max_size=6), name=NAMES)
def test_a_star_is_that_of_a_shell(pattern: str, name: str) -> None:
    """The oracle is fnmatch, where nothing but stars is special."""
    assert Address("b", pattern).matches(name) == fnmatch.fnmatchcase(name, pattern)


def test_a_star_stays_between_slashes() -> None:
    assert Address("b", "a/*/c").matches("a/b/c")
    assert not Address("b", "a/*").matches("a/b/c")
    assert Address("b", "a/x-*/c").prefix == "a"
    assert not Address("b", "*").prefix


def test_many_stars_take_no_long_time() -> None:
    begun = time.process_time()
    assert not Address("b", "a*" * 500 + "b").matches("a" * 1024)
    assert time.process_time() - begun < 5

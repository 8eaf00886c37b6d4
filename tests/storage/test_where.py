"""Where a storage is said to be: addresses that are taken, and what becomes of others."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from functools import partial
from typing import BinaryIO

import pytest

from auditor.cli.apart import Apart
from auditor.config import StorageConfig
from auditor.errors import RenderError, UsageError
from auditor.storage.profiles import Profile
from auditor.storage.s3 import S3
from auditor.storage.where import Where, where_of
from tests.storage.server import BUCKET, SECRETS

PLACE = f"s3://{BUCKET}/a.zip"
TAKEN = {
    "": "",
    "http://127.0.0.1:9000": "127.0.0.1:9000",
    "https://minio.example": "minio.example",
    "https://minio_1:9000/": "minio_1:9000",
    "https://[fe80::1]:9000/s3/": "[fe80::1]:9000",
    "https://s3.eu-west-1.amazonaws.com": "",
    "https://s3.amazonaws.com.example.org": "s3.amazonaws.com.example.org",
}
REFUSED = {
    "no scheme": "minio.example:9000",
    "an address": "127.0.0.1:18999",
    "a word": "kanari",
    "another scheme": "ftp://minio.example",
    "no host": "https://:9000",
    "a user": "https://kanari:kanari@minio.example",
    "a port": "https://minio.example:99999",
    "no port": "https://minio.example:0",
    "no number of a host": "http://1.2.3",
    "half an address": "https://[::::1]",
    "a query": "https://minio.example/?token=kanari",
    "a line": "https://minio.example\n",
    "a space": " https://minio.example",
    "not ASCII": "https://mini\N{CYRILLIC SMALL LETTER O}.example",
}


@pytest.mark.parametrize("endpoint", TAKEN)
def test_taken(endpoint: str) -> None:
    """The host is named in errors where it is not Amazon's."""
    assert where_of(StorageConfig(endpoint=endpoint), Profile()) == Where(endpoint)
    assert where_of(StorageConfig(), Profile(endpoint=endpoint)).host == TAKEN[endpoint]


@pytest.mark.parametrize("endpoint", REFUSED.values(), ids=REFUSED)
def test_refused(endpoint: str) -> None:
    for said, profile, who in (
        (StorageConfig(endpoint=endpoint), Profile(), "AWS_ENDPOINT_URL is no"),
        (StorageConfig(), Profile(endpoint=endpoint), "endpoint_url of the profile is no"),
    ):
        with pytest.raises(UsageError, match=rf"^{who}") as found:
            where_of(said, profile)
        told = found.value.message + found.value.hint
        assert "kanari" not in told
        assert "minio.example:9000" in found.value.hint


@pytest.mark.parametrize("region", ["eu west", "eu/west", "eu?", "a" * 65])
def test_no_region(region: str) -> None:
    with pytest.raises(UsageError, match=r"^AWS_REGION is no name"):
        where_of(StorageConfig(region=region), Profile())
    with pytest.raises(UsageError, match=r"^region of the profile is no name"):
        where_of(StorageConfig(), Profile(region=region))


def test_a_region_is_of_the_variables_first() -> None:
    assert where_of(StorageConfig(region="a"), Profile(region="b")).region == "a"


class Broken:
    """A store that a library fails in, in a way that no ``except Exception`` sees."""

    class PanicError(BaseException):
        """Its own."""

    def check(self, uri: str) -> None:
        del uri

    def try_writing(self, uri: str, *, replace: bool) -> None:
        del uri, replace

    def put(self, file: BinaryIO, uri: str, *, replace: bool) -> None:
        del file, uri, replace

    def get(self, uri: str, file: BinaryIO, most: int) -> None:
        del file, most
        os.write(2, b"kanari")
        raise self.PanicError(f"kanari {uri}")

    def matching(self, pattern: str, most: int) -> Sequence[str]:
        del most
        return [pattern]


def test_whatever_fails_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing of it is printed, as it may repeat what it was given."""
    with pytest.raises(RenderError, match=r"^what asks the storage failed: PanicError$") as found:
        Apart(Broken).get(PLACE, io.BytesIO(), 1)
    assert "AWS_ENDPOINT_URL" in found.value.hint
    assert capfd.readouterr() == ("", "")
    assert list(Apart(Broken).matching(PLACE, 1)) == [PLACE]


@pytest.mark.parametrize("empty", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_what_is_empty_is_as_what_is_not_there(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    """The library reads variables itself, and takes an empty one for a value."""
    for name, value in (SECRETS | {"AWS_ENDPOINT_URL": "", empty: ""}).items():
        monkeypatch.setenv(name, value)
    store = Apart(partial(S3, StorageConfig(region="us-east-1", has_key=bool(empty))))
    with pytest.raises(UsageError, match=r"nobody says as whom .*: one half of a key") as found:
        store.get(PLACE, io.BytesIO(), 1)
    assert "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in found.value.hint

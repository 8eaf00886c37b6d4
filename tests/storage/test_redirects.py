"""A storage that sends us elsewhere: what the other host gets of us, and what it does not."""

from __future__ import annotations

import io
import ssl
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trustme

from auditor.cli.apart import Apart
from auditor.config import StorageConfig
from auditor.errors import RenderError, UsageError
from auditor.storage.s3 import S3
from tests.storage.server import BUCKET, SECRETS, Reply, Storage, serving

PLACE = f"s3://{BUCKET}/a.zip"


@pytest.fixture
def other() -> Iterator[Storage]:
    with serving() as found:
        found.objects["a.zip"] = b"theirs"
        yield found


@pytest.fixture(autouse=True)
def _signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def to(other: Storage, status: int = 307) -> Reply:
    """To another name, which is what makes another host."""
    place = f"{other.url.replace('127.0.0.1', 'localhost')}/{BUCKET}/a.zip"
    return Reply(status, b"", {"Location": place})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_what_stays_with_the_storage(other: Storage, status: int, tmp_path: Path) -> None:
    """Redirects are followed, as SECURITY.md says: with no signature, no key, nothing written."""
    with serving() as storage:
        storage.fault = lambda _: to(other, status)
        store = Apart(partial(S3, StorageConfig(endpoint=storage.url, has_key=True)))
        with (tmp_path / "x").open("wb") as file:
            store.get(PLACE, file, 1 << 20)
        with pytest.raises(RenderError, match=f"{storage.host}: it answered {status}"):
            store.put(io.BytesIO(b"ours"), PLACE, replace=True)
        with pytest.raises(RenderError, match=f"{storage.host}: no whole answer"):
            store.try_writing(PLACE, replace=True)
    assert (tmp_path / "x").read_bytes() == b"theirs"
    assert {each.size for each in other.asked} == {0}
    for each in other.asked:
        sent = f"{each.headers} {each.query}"
        assert "authorization" not in each.headers
        assert SECRETS["AWS_ACCESS_KEY_ID"] not in sent
        assert SECRETS["AWS_SECRET_ACCESS_KEY"] not in sent


def test_what_is_encrypted_is_not_sent_on_in_the_clear(other: Storage) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(context) as storage:
        storage.fault = lambda _: to(other)
        trusted = authority.cert_pem.bytes()
        config = StorageConfig(endpoint=storage.url, has_key=True, authorities=trusted)
        store = Apart(partial(S3, config))
        with pytest.raises(UsageError, match="no whole answer"):
            store.get(PLACE, io.BytesIO(), 1 << 20)
        with pytest.raises(RenderError, match="no whole answer"):
            store.try_writing(PLACE, replace=True)
    assert {each.method for each in storage.asked} == {"HEAD", "POST"}
    assert other.asked == []

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
from tests.storage.server import BUCKET, SECRETS, Asked, Reply, Storage, serving

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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_what_stays_with_the_storage(other: Storage, status: int, tmp_path: Path) -> None:
    """Redirects are followed, as SECURITY.md says: with no signature, no key, nothing written."""
    with serving() as storage:
        storage.fault = lambda _: to(other, status)
        store = Apart(partial(S3, StorageConfig(endpoint=storage.url, has_key=True)))
        with (tmp_path / "x").open("wb") as file:
            store.get(PLACE, file, 1 << 20)
        answered = "what it answered is not about" if status == 303 else f"it answered {status}"
        with pytest.raises(RenderError, match=f"{storage.host}: {answered}"):
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


@pytest.mark.parametrize("rights", ["write", "read and write"])
@pytest.mark.parametrize("mode", ["replace", "create"])
def test_what_is_answered_elsewhere_is_not_about_what_was_put(
    other: Storage, rights: str, mode: str
) -> None:
    """Whether one may read or not; and what is really stored is believed, whatever its ETag."""
    replace = mode == "replace"
    with serving() as storage:
        store = Apart(partial(S3, StorageConfig(endpoint=storage.url, has_key=True)))

        def fault(asked: Asked) -> Reply | None:
            if asked.method == "HEAD" and rights == "write":
                return Reply(403)
            return to(other, 303) if asked.method == "PUT" and asked.key == "a.zip" else None

        storage.fault = fault
        with pytest.raises(RenderError, match=f"{storage.host}: what it answered is not about"):
            store.put(io.BytesIO(b"ours"), PLACE, replace=replace)
        store.put(io.BytesIO(b"ours"), f"s3://{BUCKET}/b.zip", replace=replace)
        assert storage.objects == {"b.zip": b"ours"}
    assert {each.method for each in other.asked} == {"GET"}


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

"""S3, and what speaks as it does: MinIO, Ceph, Cloudflare R2, Garage.

obstore does the speaking: signatures, retries, where credentials of a machine, a pod or a variable
come from. What is decided here:

* **Written or not there.** A reader sees an object whole or not at all. What goes in parts is given
  up when anything fails, an interrupt included: the pieces come from a generator, and the library
  aborts the upload when that raises.
* **Tried first.** An upload in parts is begun and aborted: that asks for the bucket, its region,
  the credentials and the right to write, leaves nothing, and needs no right to read or delete.
* **Never replaced.** What is not to be replaced is put under ``If-None-Match: *``, in one piece,
  as a condition is one of a single request; what is too large for one is looked for beforehand.
* **Looked at again.** What a storage that sends us elsewhere answers is not about what was put
  (``stored``).
* **Read as one.** An object is read piece by piece, each only while it is the one that was begun.
* **What is said is looked through first** (``where``), as the library reads variables itself.
* **Nothing of what a server says is shown** but the code of its error (``said``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, BinaryIO, Final

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from auditor.config import StorageConfig, leave_out_empty
from auditor.errors import UsageError
from auditor.storage.address import STAR, Address, address_of
from auditor.storage.profiles import Profile, profile_of
from auditor.storage.said import Asked, Doing, nobody, told, unstored
from auditor.storage.stored import is_stored
from auditor.storage.where import Where, where_of

WHOLE: Final = 32 << 20
"""Bytes that are put in one request; more go in parts."""
_PART: Final = 8 << 20
_PIECE: Final = 4 << 20
_AT_ONCE: Final = 3
MOST_LISTED: Final = 100_000
"""Objects below the folder of a pattern, matching or not."""
_RETRY: Final = {
    "max_retries": 4,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=5)},
}


class _TriedError(Exception):
    """Ends an upload that was begun to see whether it can be."""


class S3:
    """Implements :class:`auditor.stores.Store`."""

    def __init__(self, said: StorageConfig) -> None:
        self._said = said

    def check(self, uri: str) -> None:
        """Take a URI apart, and ask nobody."""
        address_of(uri)

    def try_writing(self, uri: str, *, replace: bool) -> None:
        """See whether an object could be put there, and leave nothing."""
        address, store, asked = self._at(uri)
        if not replace and _is_there(store, address):
            raise _there(address)
        with contextlib.suppress(_TriedError), told(asked, Doing.WRITING):
            obstore.put(store, address.key, _nothing(), use_multipart=True, chunk_size=_PART)

    def put(self, file: BinaryIO, uri: str, *, replace: bool) -> None:
        """Put what is in a file there."""
        address, store, asked = self._at(uri)
        size = file.seek(0, 2)
        file.seek(0)
        try:
            with told(asked, Doing.WRITING):
                if size > WHOLE:
                    if not replace and _is_there(store, address):
                        raise _there(address)
                    pieces = _pieces(file)
                    options: dict[str, Any] = {"chunk_size": _PART, "max_concurrency": _AT_ONCE}
                    obstore.put(store, address.key, pieces, use_multipart=True, **options)
                else:
                    mode: Any = "overwrite" if replace else "create"
                    data = file.read()
                    found = obstore.put(store, address.key, data, use_multipart=False, mode=mode)
                    if not is_stored(store, address.key, data, found["e_tag"]):
                        raise unstored(asked)
        except AlreadyExistsError as error:
            raise _there(address) from error

    def get(self, uri: str, file: BinaryIO, most: int) -> None:
        """Copy an object into a file."""
        address, store, asked = self._at(uri)
        with told(asked, Doing.READING):
            found = obstore.head(store, address.key)
        size, tag = found["size"], found["e_tag"]
        if size > most:
            raise UsageError(
                f"{address}: {size:,} bytes, which is more than {most >> 30} GiB",
                hint="is it a bundle?",
            )
        if not tag:
            raise UsageError(
                f"{asked}: it does not say which version of the object it is (no ETag)",
                hint=f"is {asked.place} an S3 storage?",
            )
        with told(asked, Doing.READING_ON):
            for start in range(0, size, _PIECE):
                end = min(start + _PIECE, size)
                options: Any = {"range": (start, end), "if_match": tag}
                piece = obstore.get(store, address.key, options=options).bytes()
                if len(piece) != end - start:
                    raise UsageError(f"{address}: it was cut off", hint="try again")
                file.write(piece)

    def matching(self, pattern: str, most: int) -> Sequence[str]:
        """The URIs that a pattern with a star stands for, sorted."""
        address, store, asked = self._at(pattern, star=True)
        found: list[str] = []
        seen = 0
        with told(asked, Doing.LISTING):
            for page in obstore.list(store, address.prefix or None, chunk_size=1000):
                seen += len(page)
                found += (each["path"] for each in page if address.matches(each["path"]))
                if len(found) > most or seen > MOST_LISTED:
                    limit = f"{most:,} objects" if len(found) > most else f"{seen:,} others"
                    raise UsageError(f"{address}: among more than {limit}", hint="a longer prefix")
        return [str(Address(address.bucket, key)) for key in sorted(found)]

    def _at(self, uri: str, *, star: bool = False) -> tuple[Address, S3Store, Asked]:
        address = address_of(uri)
        if STAR in address.key and not star:
            raise UsageError(f"{address}: one object has to be named", hint="without a *")
        profile = profile_of(self._said)
        where = where_of(self._said, profile)
        asked = Asked(str(address), where.host)
        with told(asked, Doing.READING):
            return address, _store(address.bucket, self._said, profile, where), asked


def _store(bucket: str, said: StorageConfig, profile: Profile, where: Where) -> S3Store:
    """A bucket as whoever the environment says: variables first, which the library reads itself."""
    leave_out_empty("AWS_")
    given: dict[str, Any] = {}
    if not said.has_key and profile.key:
        given |= {"access_key_id": profile.key, "secret_access_key": profile.secret}
        given |= {"session_token": profile.token} if profile.token else {}
    elif not said.has_key and profile.role and profile.token_file:
        given |= {"role_arn": profile.role, "web_identity_token_file": profile.token_file}
    elif not said.has_key and not said.has_identity and said.no_machine:
        raise nobody("")
    if where.endpoint:
        given |= {"endpoint": where.endpoint, "virtual_hosted_style_request": False}
    if where.region:
        given |= {"region": where.region}
    options: Any = {
        "allow_http": where.endpoint.startswith("http://"),
        "allow_invalid_certificates": False,
        "connect_timeout": timedelta(seconds=10),
        "timeout": timedelta(seconds=120),
    }
    if said.authorities:
        options |= {"root_certificate": said.authorities}
    retry: Any = _RETRY
    return S3Store(bucket, client_options=options, retry_config=retry, **given)


def _is_there(store: S3Store, address: Address) -> bool:
    """Whether an object is there, as far as we may know: who only writes is not told."""
    try:
        obstore.head(store, address.key)
    except (FileNotFoundError, BaseError):
        return False
    return True


def _there(address: Address) -> UsageError:
    return UsageError(f"{address}: it is there already", hint="name a new object")


def _nothing() -> Iterator[bytes]:
    yield b""
    raise _TriedError


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PART):
        yield piece

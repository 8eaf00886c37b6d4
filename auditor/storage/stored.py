"""Whether what was put into a storage is there, as the answer alone does not tell it.

The library follows redirects, and after a 303 it asks another place for what lies there (RFC 9110,
15.4.4): the answer to that is taken for one to what was put, and nothing of it was sent on::

    PUT /audits/a.zip     303, https://portal.example/
    GET /                 200, ETag: "1a-5f"       the library: stored, as version "1a-5f"

Looked at is, in this order, what asks the least:

1. the ETag is the MD5 of the bytes, as it is unless a storage encrypts with keys of its own
   (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html);
2. the object has that ETag and that size;
3. who may not read puts the same bytes once more, if nothing is there: it has to be refused.
"""

from __future__ import annotations

import hashlib

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store


def is_stored(store: S3Store, key: str, data: bytes, tag: str | None) -> bool:
    """Whether an object has these bytes, after a storage answered with this ETag to them."""
    shown = (tag or "").strip('"')
    if shown == hashlib.md5(data, usedforsecurity=False).hexdigest():
        return True
    try:
        found = obstore.head(store, key)
    except (FileNotFoundError, BaseError):
        return _is_taken(store, key, data)
    return found["size"] == len(data) and found["e_tag"] == tag


def _is_taken(store: S3Store, key: str, data: bytes) -> bool:
    try:
        obstore.put(store, key, data, use_multipart=False, mode="create")
    except AlreadyExistsError:
        return True
    return False

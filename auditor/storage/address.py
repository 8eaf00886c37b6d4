"""What an ``s3://BUCKET/KEY`` names, and which of them are taken.

A key may be nearly anything to S3. Those taken here mean the same to a shell, to every library and
in a listing: no escapes, no spaces, no query. A ``*`` stands for any part of one name between two
slashes, as in a shell.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from auditor.errors import UsageError

STAR: Final = "*"
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html."""
_KEY: Final = re.compile(r"[A-Za-z0-9!._'()/=+@:,*-]{1,1024}", re.ASCII)
_EXAMPLE: Final = "for example s3://bucket/audits/part-0.zip"


class Address(msgspec.Struct, frozen=True):
    """An object, or with a star several: its bucket, and its key there."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def matches(self, key: str) -> bool:
        """Whether a key is one that is meant, in time that grows with the two lengths' product."""
        mine, other = self.key.split("/"), key.split("/")
        return len(mine) == len(other) and all(map(_matches, mine, other))

    @property
    def prefix(self) -> str:
        """What stands before the first star, up to a slash: where to look."""
        return self.key.partition(STAR)[0].rpartition("/")[0]


def address_of(uri: str) -> Address:
    """Take a URI apart.

    Raises:
        UsageError: it is none, or one that means other things elsewhere. A part of it that may
            be a secret is not repeated.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if "@" in bucket or ":" in bucket:
        raise UsageError(
            "s3://...: credentials, and whatever has an @ or a colon, are no name of a bucket",
            hint="AWS_PROFILE, AWS_ACCESS_KEY_ID and the like say who asks",
        )
    if not _BUCKET.fullmatch(bucket) or ".." in bucket:
        raise UsageError(f"s3://{bucket[:64]}: no name of a bucket", hint=_EXAMPLE)
    parts = key.split("/")
    if not _KEY.fullmatch(key) or not all(parts) or {".", ".."} & set(parts):
        raise UsageError(
            f"s3://{bucket}/...: no key that is taken here: letters, digits and !._'()=+@:,- "
            "between single slashes",
            hint=_EXAMPLE,
        )
    return Address(bucket, key)


def _matches(pattern: str, name: str) -> bool:
    """Whether a name is what a pattern means; greedy from the left, so never twice the same way."""
    first, *rest = pattern.split(STAR)
    if not rest:
        return name == first
    *middle, last = rest
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in middle:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True

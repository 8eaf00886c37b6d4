"""What earlier scans made of files: a second scan of an unchanged tree reads only their digests.

One file per shard and scope: ``<folder>/<hash of scope>/<shard>.bin``, a msgpack map from
``<sha256 of the content>:<path>`` to the encoded :class:`FileResult`. The key covers all that the
result depends on: the content, its path, and the digest of policy, profile, parameters and engine.
A cache file that can't be read, or that others could have written, is as good as none; it is
written anew, whole, by renaming.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from auditor.model.resource import Gap, Resource
from auditor.policy.cachefile import read_own, write_own

MOST_BYTES = 1 << 30
"""What the results of all scopes may take together."""


class FileResult(msgspec.Struct, gc=False):
    """What one file came to: all that a later scan needs while the file does not change."""

    lines: list[bytes]
    tally: bytes
    gaps: list[Gap]
    kept: list[Resource]
    census: list[tuple[str, str, int]]
    evaluated: list[tuple[str, int]]
    skipped: int


class ResultCache:
    """The results of one shard's files."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decode = msgspec.msgpack.Decoder(FileResult).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._known = _load(path)
        self._now: dict[str, msgspec.Raw] = {}
        self._changed = False

    def get(self, source: str, digest: str) -> FileResult | None:
        """The result for this content at this path, None when it is not known."""
        key = f"{digest}:{source}"
        raw = self._known.get(key)
        if raw is None:
            return None
        try:
            result = self._decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        self._now[key] = raw
        return result

    def put(self, source: str, digest: str, result: FileResult) -> None:
        """Remember a result."""
        self._now[f"{digest}:{source}"] = msgspec.Raw(self._encode(result))
        self._changed = True

    def save(self) -> None:
        """Write what this scan used, if anything is new; a cache is never worth failing for."""
        if not self._changed and len(self._now) == len(self._known):
            with contextlib.suppress(OSError):
                os.utime(self._path.parent)
            return
        write_own(self._path, self._encode(self._now))


def _load(path: Path) -> dict[str, msgspec.Raw]:
    data = read_own(path)
    if data is None:
        return {}
    try:
        return msgspec.msgpack.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


@contextlib.contextmanager
def open_cache(folder: Path | None, scope: str, shard: int) -> Iterator[ResultCache | None]:
    """Open the cache of a shard; None when there is no folder for it.

    ``scope`` is everything but the content and the path that results depend on.
    """
    if folder is None:
        yield None
        return
    name = hashlib.sha256(scope.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    cache = ResultCache(folder / name / f"{shard:06d}.bin")
    yield cache
    cache.save()


def prune(folder: Path, most: int = MOST_BYTES) -> None:
    """Remove the scopes that were used longest ago until the others fit into ``most`` bytes.

    A scan that uses one at the same time finds nothing in it, and writes it anew.
    """
    left = most
    for _, size, scope in sorted(_scopes(folder), reverse=True):
        left -= size
        if left < 0:
            shutil.rmtree(scope, ignore_errors=True)


def _scopes(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """When each scope was used last, its bytes, and its folder."""
    with contextlib.suppress(OSError):
        for scope in folder.iterdir():
            if scope.is_symlink() or not scope.is_dir():
                continue
            size = sum(path.stat().st_size for path in scope.iterdir())
            yield scope.stat().st_mtime, size, scope

"""What earlier scans made of files: a second scan of an unchanged tree reads only their digests.

A file per shard and scope: ``<folder>/<hash of scope>/<shard>.bin``, a msgpack map from
``<sha256 of the content>:<path>`` to the encoded :class:`FileResult`, packed
(:mod:`auditor.runner.packing`). The key and the stamp of the file cover all that the result depends
on: the content, its path, and the digest of policy, profile, parameters and engine. A cache file
that can't be read, that others could have written, or that is of another scope is as good as none;
it is written anew, whole, by renaming.

Where little changed, only that is written, to a file beside it::

    000000.bin       a.yaml b.yaml c.yaml ...     7 MiB, as an earlier scan left it
    000000.new.bin   b.yaml                       what has changed since, each time written anew

Once what changed, with what is not used any more, is more than an eighth, all is one file again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from auditor.errors import CacheError
from auditor.model.resource import Gap
from auditor.policy.cachefile import CacheFolder
from auditor.runner.packing import packed, unpacked

MOST_BYTES = 1 << 30
"""What the results of all scopes may take together."""
_FEW: Final = 8
"""The part of a file that may be out of date before it is written anew."""


class FileResult(msgspec.Struct, gc=False):
    """What one file came to: all that a later scan needs while the file does not change."""

    lines: list[bytes]
    rows: list[bytes]
    tally: bytes
    gaps: list[Gap]
    census: list[tuple[str, int]]
    evaluated: list[tuple[str, int]]
    skipped: int
    others: list[tuple[str, int]]


class ResultCache:
    """The results of one shard's files: a file with a ``stamp`` in the folder of its scope."""

    def __init__(self, folder: CacheFolder, name: str, stamp: str) -> None:
        self._folder = folder
        self._name = name
        self._stamp = stamp
        self._decode = msgspec.msgpack.Decoder(FileResult).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._known = _decoded(folder.read(name, stamp))
        self._later = _decoded(folder.read(_beside(name), stamp))
        self._now: dict[str, msgspec.Raw] = {}

    def get(self, source: str, digest: str) -> FileResult | None:
        """The result for this content at this path, None when it is not known."""
        key = f"{digest}:{source}"
        raw = self._later.get(key) or self._known.get(key)
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
        key = f"{digest}:{source}"
        self._known.pop(key, None)  # one that could not be decoded
        self._now[key] = msgspec.Raw(self._encode(result))

    def save(self) -> None:
        """Write what this scan used, if anything is new; a cache is never worth failing for."""
        later = {key: raw for key, raw in self._now.items() if key not in self._known}
        unused = [raw for key, raw in self._known.items() if key not in self._now]
        stale = _size_of(later.values()) + _size_of(unused)
        if stale * _FEW > _size_of(self._known.values()):
            self._folder.write(self._name, self._stamp, packed(self._encode(self._now)))
            self._folder.remove(_beside(self._name))
        elif later.keys() != self._later.keys():
            self._folder.write(_beside(self._name), self._stamp, packed(self._encode(later)))
        else:
            self._folder.used()


def _beside(name: str) -> str:
    """What a file is called that has what changed since another one was written."""
    return f"{name.removesuffix('.bin')}.new.bin"


def _size_of(values: Iterable[msgspec.Raw]) -> int:
    return sum(len(memoryview(raw)) for raw in values)


def _decoded(data: memoryview | None) -> dict[str, msgspec.Raw]:
    if data is None:
        return {}
    try:
        return msgspec.msgpack.decode(unpacked(data), type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def folder_of(folder: CacheFolder, scope: str) -> CacheFolder:
    """Where what is known in a scope is kept, in the folder of all scopes."""
    return folder.below(hashlib.sha256(scope.encode("utf-8", "surrogatepass")).hexdigest()[:32])


@contextlib.contextmanager
def open_cache(folder: CacheFolder | None, scope: str, shard: int) -> Iterator[ResultCache | None]:
    """Open the cache of a shard; None when there is no folder for it.

    ``scope`` is everything but the content and the path that results depend on.
    """
    if folder is None:
        yield None
        return
    stamp = f"results {shard}\n{scope}"
    cache = ResultCache(folder_of(folder, scope), f"{shard:06d}.bin", stamp)
    yield cache
    cache.save()


def prune(folder: CacheFolder, most: int = MOST_BYTES) -> None:
    """Remove the scopes that were used longest ago until the others fit into ``most`` bytes.

    A scan that uses one at the same time finds nothing in it, and writes it anew.
    """
    with contextlib.suppress(OSError, CacheError), folder.opened() as handle:
        left = most
        for _, size, scope in sorted(_scopes(handle), reverse=True):
            left -= size
            if left < 0:
                import shutil  # noqa: PLC0415 - few caches are full

                shutil.rmtree(scope, ignore_errors=True, dir_fd=handle)


def _scopes(folder: int) -> Iterator[tuple[float, int, str]]:
    """When each scope was used last, its bytes, and its name."""
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    used = entry.stat(follow_symlinks=False).st_mtime
                    yield used, _size(folder, entry.name), entry.name


def _size(folder: int, name: str) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, dir_fd=folder)
    try:
        with os.scandir(handle) as files:
            return sum(file.stat(follow_symlinks=False).st_size for file in files)
    finally:
        os.close(handle)

"""Cache files that nobody else could have written, each for one purpose, replaced as a whole.

What is in them decides what a scan says, and compiled programs are code. Checking the file alone is
not enough: whoever may write to a folder above it can move another folder of ours to its name, with
files that are ours and say something else. So::

    $XDG_CACHE_HOME            anybody's, /tmp as well: nothing is said about it
    └── auditor/               from here on: a folder, no link; ours; nobody else may write; 0700
        └── results/           opened relative to the descriptor of the one above
            └── 3bb8ba7f.../
                └── 000000.bin a regular file, ours, that says inside what it is for

A file begins with a digest over all that follows, and with its *stamp*: for which policy, profile,
target, version and shard it is. Whoever reads says which one is wanted. A file that is of another
one, damaged, or not ours is as good as none, and is replaced. A folder that is not ours is a reason
to do without a cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from auditor.errors import CacheError

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NO_WAITING: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MAGIC: Final = b"auditor cache 1\n"
_DIGEST: Final = hashlib.sha256().digest_size
_LENGTH: Final = 4
_PIECE: Final = 1 << 20
_MOST_BYTES: Final = 1 << 30
_HINT: Final = "remove it, or let XDG_CACHE_HOME name a folder of your own; --no-cache does without"


class CacheFolder(msgspec.Struct, frozen=True):
    """A folder of ours: ``names`` one in the other, below a ``base`` that may be anybody's."""

    base: Path
    names: tuple[str, ...]

    def below(self, name: str) -> CacheFolder:
        """A folder in it."""
        return CacheFolder(self.base, (*self.names, name))

    @contextlib.contextmanager
    def opened(self, *, make: bool = False) -> Iterator[int]:
        """The descriptor of the folder; with ``make`` it is made where it is missing.

        Raises:
            CacheError: one on the way to it is not ours alone.
            OSError: it is not there, or can't be made.
        """
        if make:
            _make_base(self.base)
        handle = os.open(self.base, _FOLDER)
        try:
            place = self.base
            for name in self.names:
                place /= name
                inner = _entered(handle, name, place, make=make)
                os.close(handle)
                handle = inner
                _refuse_foreign(os.fstat(handle), place)
            yield handle
        finally:
            os.close(handle)

    def refuse_foreign(self) -> None:
        """Look at the folder and what is directly in it; what is not there is no danger.

        Raises:
            CacheError: others could have put something into it.
        """
        with contextlib.suppress(OSError), self.opened() as folder, os.scandir(folder) as entries:
            for entry in entries:
                place = self.base.joinpath(*self.names, entry.name)
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISLNK(status.st_mode):
                    raise CacheError(f"{place} is a link", hint=_HINT)
                _refuse_foreign(status, place)

    def read(self, name: str, stamp: str) -> memoryview | None:
        """What was written under this name and stamp; None when there is no such file of ours."""
        try:
            with self._entered(name) as file:
                return None if file is None else _taken_out(file.read(), stamp)
        except (OSError, CacheError):
            return None

    @contextlib.contextmanager
    def reading(self, name: str, stamp: str) -> Iterator[Unverified | None]:
        """Read a file piece by piece, where it is too large to be held; None as of :meth:`read`."""
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(self._entered(name))
                found = None if file is None else Unverified.of(file, stamp)
            except (OSError, CacheError):
                found = None
            yield found

    @contextlib.contextmanager
    def _entered(self, name: str) -> Iterator[BinaryIO | None]:
        """A file; None where it is not ours, or too large."""
        with self.opened() as folder:
            handle = os.open(name, os.O_RDONLY | _NO_WAITING, dir_fd=folder)
        with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            status = os.fstat(handle)
            ours = status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE
            fits = stat.S_ISREG(status.st_mode) and status.st_size <= _MOST_BYTES
            yield file if ours and fits else None

    def write(self, name: str, stamp: str, content: bytes) -> None:
        """Write a file for nobody else to read; a cache is never worth failing for."""
        self.write_parts(name, stamp, (content,))

    def write_parts(self, name: str, stamp: str, parts: Iterable[bytes]) -> None:
        """As :meth:`write`, of what is too large to be held."""
        with contextlib.suppress(OSError, CacheError), self.opened(make=True) as folder:
            beside = f".{name}-{os.getpid()}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_WAITING
            with contextlib.suppress(FileNotFoundError):  # of a process that was killed
                os.unlink(beside, dir_fd=folder)
            handle = os.open(beside, flags, 0o600, dir_fd=folder)
            try:
                with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                    _put_in(file, stamp, parts)
                os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:  # an interrupt as well leaves nothing behind
                with contextlib.suppress(OSError):
                    os.unlink(beside, dir_fd=folder)
                raise

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""
        with contextlib.suppress(OSError, CacheError), self.opened() as folder:
            os.unlink(name, dir_fd=folder)

    def used(self) -> None:
        """Remember that it was used now: what was not used for longest is removed first."""
        with contextlib.suppress(OSError, CacheError), self.opened() as folder:
            os.utime(folder)


def _make_base(base: Path) -> None:
    """Make what is missing of the folder above ours; like ours it is nobody else's."""
    for folder in reversed((base, *base.parents)):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)


def _entered(folder: int, name: str, place: Path, *, make: bool) -> int:
    """Open a folder in another one; what is made there is 0700 whatever the umask."""
    made = False
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
            made = True
    try:
        handle = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            _refuse_foreign(status, place)
            raise
        what = f"{place} is a link" if stat.S_ISLNK(status.st_mode) else f"{place} is not a folder"
        raise CacheError(what, hint=_HINT) from error
    if made:
        os.fchmod(handle, 0o700)
    return handle


def _refuse_foreign(status: os.stat_result, place: Path) -> None:
    if status.st_uid != os.geteuid():
        raise CacheError(f"{place} belongs to another user (uid {status.st_uid})", hint=_HINT)
    if status.st_mode & _OTHERS_WRITE:
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        raise CacheError(f"others may write to {place} (mode {mode})", hint=_HINT)


class Unverified:
    """A cache file that is read piece by piece: nothing of it counts before it was found whole."""

    def __init__(self, file: BinaryIO, expected: bytes, head: bytes) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._expected = expected
        self._digest = hashlib.sha256(head)

    @classmethod
    def of(cls, file: BinaryIO, stamp: str) -> Unverified | None:
        """Begin to read a file; None for one of another stamp."""
        if file.read(len(_MAGIC)) != _MAGIC:
            return None
        expected, head = file.read(_DIGEST), _head(stamp)
        return cls(file, expected, head) if file.read(len(head)) == head else None

    def read(self, size: int) -> bytes:
        """The next bytes, fewer where there are no more; none, and no whole, where it fails."""
        try:
            data = self._file.read(min(size, self._size))
        except OSError:
            self._expected = b""
            return b""
        self._digest.update(data)
        return data

    def is_whole(self) -> bool:
        """Whether it is what was written: only then is anything of it to be used."""
        while self.read(_PIECE):
            pass
        return self._digest.digest() == self._expected


def _head(stamp: str) -> bytes:
    mark = stamp.encode("utf-8", "surrogatepass")
    return len(mark).to_bytes(_LENGTH, "big") + mark


def _put_in(file: BinaryIO, stamp: str, parts: Iterable[bytes]) -> None:
    """Write a file; its digest last, when all of it is known."""
    head = _head(stamp)
    digest = hashlib.sha256(head)
    file.write(_MAGIC + bytes(_DIGEST) + head)
    for part in parts:
        digest.update(part)
        file.write(part)
    file.seek(len(_MAGIC))
    file.write(digest.digest())


def _taken_out(data: bytes, stamp: str) -> memoryview | None:
    """The content of a file; None when it is damaged, or one of another stamp."""
    start = len(_MAGIC) + _DIGEST
    if not data.startswith(_MAGIC):
        return None
    rest = memoryview(data)[start:]
    if hashlib.sha256(rest).digest() != data[len(_MAGIC) : start]:
        return None
    head = _head(stamp)
    return rest[len(head) :] if rest[: len(head)] == head else None

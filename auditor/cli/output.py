"""Reports on their way out: all files whole, or none; standard output checked like a file."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final, cast

import msgspec

from auditor.cli.places import Place, Stored, place_of, try_stored
from auditor.cli.process import hush
from auditor.cli.wiring import wired
from auditor.errors import RenderError, UsageError
from auditor.late import late
from auditor.model.resource import STDIN

Chunks = Iterable[bytes]
_STREAMS: Final[Mapping[str, int]] = MappingProxyType({"-": 1, "/dev/stdout": 1, "/dev/stderr": 2})
_OWN: Final = late("/(?:dev|proc/self)/fd/([0-9]{1,6})")


class Output(msgspec.Struct, frozen=True):
    """One ``-o FORMAT=FILE``; ``text`` is what was typed.

    ``descriptor`` is one of ours that the path names, as ``-`` and ``/dev/stdout`` do, -1 for none.
    ``stored`` is where a storage is to hold it.
    """

    text: str
    format: str
    path: Path
    descriptor: int = -1
    stored: Stored | None = None

    @property
    def is_path(self) -> bool:
        """Whether it is what its path names."""
        return self.descriptor < 0 and self.stored is None


def parse_outputs(texts: Sequence[str], targets: Sequence[str]) -> tuple[Output, ...]:
    """Check every ``-o`` before anything is read.

    Raises:
        UsageError: one is malformed or can't be written, its format needs what is not installed,
            two are one file, or one is a target.
    """
    inputs = {os.path.realpath(target) for target in targets if target != STDIN}
    outputs: list[Output] = []
    for text in texts:
        output = _parse(text)
        if any(_are_one(output, earlier) for earlier in outputs):
            raise UsageError(f"-o {text}: this file is named twice", hint="one report a file")
        if output.is_path and str(output.path) in inputs:
            raise UsageError(
                f"-o {text}: the report would replace a target", hint="choose another file"
            )
        outputs.append(output)
    return tuple(outputs)


def refuse_inside(outputs: Iterable[Output], bundle: Place) -> None:
    """Keep reports out of the place of a bundle: it holds nothing but what is signed.

    Raises:
        UsageError: one is to be written there.
    """
    place = Path(os.path.realpath(bundle)) if isinstance(bundle, Path) else None
    for each in outputs:
        inside = place is not None and each.is_path and each.path.is_relative_to(place)
        if inside or (each.stored is not None and each.stored == bundle):
            raise UsageError(
                f"-o {each.text}: that is where the bundle goes", hint="name a file beside it"
            )


def refuse_absent(name: str, option: str) -> None:
    """Stop at a format whose extra is not installed.

    Raises:
        UsageError: which ``pip install`` brings it.
    """
    extra = wired().extras.get(name)
    if extra is not None and importlib.util.find_spec(extra.module) is None:
        raise UsageError(
            f"{option}: the format {name} needs an extra that is not installed",
            hint=f"pip install 'auditor[{extra.name}]'",
        )


def _are_one(output: Output, earlier: Output) -> bool:
    """Whether two reports would be written to one file."""
    if output.descriptor >= 0 and earlier.descriptor >= 0:
        return os.path.sameopenfile(output.descriptor, earlier.descriptor)
    return (output.is_path, output.stored, output.path) == (
        earlier.is_path,
        earlier.stored,
        earlier.path,
    )


def _parse(text: str) -> Output:
    name, _, file = text.partition("=")
    formats = wired().formats
    if name not in formats or not file:
        known = ", ".join(formats)
        raise UsageError(
            f"-o {text}: not FORMAT=FILE",
            hint=f"formats: {known}; for example -o json=results.json",
        )
    refuse_absent(name, f"-o {text}")
    place = place_of(file) if "://" in file else None
    if isinstance(place, Stored):
        try_stored(place, replace=True)
        return Output(text, name, Path(place.name), stored=place)
    try:
        descriptor = _descriptor(file)
        if descriptor >= 0:
            if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
                raise UsageError(f"-o {text}: it is open for reading alone", hint="-o json=FILE")
            return Output(text, name, Path(file), descriptor)
        special = _is_special(Path(file))
        if Path(file).is_symlink() and not special:
            raise UsageError(
                f"-o {text}: {file} is a link",
                hint="name the file itself: nothing is written through a link",
            )
        path = Path(file) if special else Path(os.path.realpath(file))
        if path.is_dir():
            raise UsageError(f"-o {text}: {file} is a folder", hint=f"-o {name}={file}/report")
        if not path.parent.is_dir():
            raise UsageError(f"-o {text}: {path.parent} is not a folder", hint="create it first")
    except (OSError, ValueError) as error:
        raise UsageError(f"-o {text}: {_reason(error)}", hint="choose another file") from error
    if special:
        if not os.access(path, os.W_OK):
            raise UsageError(f"-o {text}: {path} can't be written", hint="choose another file")
    else:
        _try(text, path.parent)
    return Output(text, name, path)


def _try(text: str, folder: Path) -> None:
    """Make a file where the report is to be, and remove it: rights alone do not tell."""
    try:
        handle, made = _new(folder)
    except OSError as error:
        raise UsageError(
            f"-o {text}: {folder} can't be written: {_reason(error)}", hint="choose another file"
        ) from error
    os.close(handle)
    made.unlink()


def _new(folder: Path) -> tuple[int, Path]:
    """Make a file that is its owner's alone: its descriptor, and its path.

    ``tempfile`` takes as long to load as a small report to be written.
    """
    path = folder / f".auditor-{os.urandom(8).hex()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), path


def write_files(
    reports: Sequence[tuple[Output, Callable[[], Chunks]]],
    taken: Callable[[], int] = int,
    spool: Path | None = None,
) -> None:
    """Write all reports beside their places, then move them there: all of them or none.

    What is not a regular file (a device, a pipe) is written as it is, and first, one after another.
    Files are written in turns; a turn ends when ``taken``, how many batches of findings were read
    by anybody, has changed. What goes to a storage is a file without a name in ``spool`` first, and
    goes there when all is whole and before any file is moved.

    Raises:
        RenderError: one can't be written, and which of a storage are there.
    """
    waiting: list[tuple[Path, Output]] = []
    files: list[tuple[Output, Callable[[], Chunks]]] = []
    with contextlib.ExitStack() as stack:
        try:
            for output, render in reports:
                with _told(output):
                    if output.stored is not None or (
                        output.is_path and not _is_special(output.path)
                    ):
                        files.append((output, render))
                        continue
                    _write_special(output, render())
            _put(_write_beside(files, waiting, taken, spool, stack))
            while waiting:
                temporary, output = waiting[0]
                with _told(output):
                    temporary.replace(output.path)
                del waiting[0]
        finally:
            for temporary, _ in waiting:
                temporary.unlink(missing_ok=True)


def _put(whole: Iterable[tuple[Stored, BinaryIO]]) -> None:
    """Have storages hold what is written; an error says which of it they hold by then."""
    done: list[str] = []
    for place, file in whole:
        try:
            place.store.put(file, place.uri, replace=True)
        except (RenderError, UsageError) as error:
            there = f"; stored before: {', '.join(done)}" if done else ""
            raise RenderError(
                f"{error.message}; it was not stored, and no report written to a file{there}",
                hint=error.hint,
            ) from error
        done.append(place.uri)


def _write_special(output: Output, chunks: Chunks) -> None:
    """Write what is no regular file; whoever reads our standard output may stop at any time."""
    try:
        with _opened(output) as stream:
            stream.writelines(chunks)
    except BrokenPipeError:
        if output.descriptor != _STREAMS["-"]:
            raise
        hush(sys.stdout.buffer)


def _opened(output: Output) -> BinaryIO:
    if output.descriptor >= 0:
        return open(os.dup(output.descriptor), "wb")  # noqa: PTH123 - a descriptor, not a path
    return output.path.open("wb")


def _write_beside(
    reports: Iterable[tuple[Output, Callable[[], Chunks]]],
    waiting: list[tuple[Path, Output]],
    taken: Callable[[], int],
    spool: Path | None,
    stack: contextlib.ExitStack,
) -> Sequence[tuple[Stored, BinaryIO]]:
    """Write all of them where nobody looks; the files of those that storages are to hold."""
    turns: deque[tuple[Output, BinaryIO, Iterator[bytes]]] = deque()
    whole: list[tuple[Stored, BinaryIO]] = []
    for output, render in reports:
        with _told(output):
            made = _made(output, waiting, spool)
            stack.callback(_closed, made)
            turns.append((output, made, iter(render())))
    while turns:
        output, file, chunks = turns.popleft()
        with _told(output):
            if _goes_on(file, chunks, taken):
                turns.append((output, file, chunks))
                continue
            file.flush()
            if output.stored is not None:
                whole.append((output.stored, file))
                continue
            os.fchmod(file.fileno(), _mode(output.path))
            os.fsync(file.fileno())
            file.close()
    return whole


def _made(output: Output, waiting: list[tuple[Path, Output]], spool: Path | None) -> BinaryIO:
    """A file for one report: beside its place, or without a name."""
    if output.stored is not None:
        import tempfile

        return cast("BinaryIO", tempfile.TemporaryFile(dir=spool))
    handle, path = _new(output.path.parent)
    waiting.append((path, output))
    return open(handle, "wb")  # noqa: PTH123 - a descriptor; the stack closes it


def _closed(file: BinaryIO) -> None:
    """Close what is not whole: that it can't be flushed is not what went wrong."""
    with contextlib.suppress(OSError):
        file.close()


def _goes_on(file: BinaryIO, chunks: Iterator[bytes], taken: Callable[[], int]) -> bool:
    """Write until a batch of findings was read; False when all is written."""
    before = taken()
    for chunk in chunks:
        file.write(chunk)
        if taken() != before:
            return True
    return False


def _mode(path: Path) -> int:
    """The mode of the file that is replaced; a new one repeats manifests, for its owner alone."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mode & 0o777
    return 0o600


def _descriptor(file: str) -> int:
    """The descriptor of ours that a path names, -1 for none."""
    if file in _STREAMS:
        return _STREAMS[file]
    found = _OWN.fullmatch(file)
    return int(found[1]) if found is not None else -1


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


@contextlib.contextmanager
def _told(output: Output) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RenderError(
            f"-o {output.text}: {_reason(error)}", hint="no report was written to any file"
        ) from error


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def write_stdout(out: BinaryIO, chunks: Chunks) -> None:
    """Write one report to standard output. A reader that went away has seen enough.

    Raises:
        RenderError: it can't be written.
    """
    try:
        out.writelines(chunks)
        out.flush()
    except BrokenPipeError:
        hush(out)
    except OSError as error:
        hush(out)
        raise RenderError(
            f"standard output: {_reason(error)}", hint="write to a file with -o json=FILE"
        ) from error

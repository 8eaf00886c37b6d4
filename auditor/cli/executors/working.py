"""What a worker does with an errand; how errands come to it, it does not know.

::

    sealed ──unseal──▶ Errand ──parcel──▶ a live target ──read, judged──▶ Brought ──seal──▶ bytes

No secret is in what goes wrong here: what is raised names no text of an errand, and what is brought
was looked through for the credentials of the target.
"""

from __future__ import annotations

import functools
import tempfile
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import zstandard
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from auditor.cli.executors.sealing import unseal
from auditor.cli.fleet import Entered
from auditor.cli.wires.parcels import Parcel, unpacked
from auditor.cli.wiring import wired
from auditor.evidence.blocks import LEVEL
from auditor.policy import policies_folder
from auditor.policy.policyset import read_files
from auditor.runner.errands import Brought, Judge, brought_of, encoded, errand_of, run_errand
from auditor.runner.job import context_of, prepared
from auditor.runner.settings import Chosen

MOST_BROUGHT: Final = 1 << 31
"""Bytes of an answer."""
_MOST_WAYS: Final = 2


class Way(msgspec.Struct, frozen=True):
    """By what is judged: ``folders`` are the files of policy folders besides the built-in one.

    ``digest`` is that of all policies, as the one who sends has them.
    """

    profile: str
    parameters: tuple[tuple[str, str], ...]
    folders: tuple[tuple[tuple[str, bytes], ...], ...]
    digest: str
    list_all: bool
    memo: bool


class OtherPoliciesError(Exception):
    """The policies here are not those of the one who sends."""


def way_of(chosen: Chosen, digest: str, *, list_all: bool, memo: bool) -> bytes:
    """By what is judged, as it travels: the built-in policies are there, others go along.

    Raises:
        PolicyErrors: a folder can't be listed.
    """
    rest = chosen.folders[1:]
    folders: list[list[tuple[str, bytes]]] = [[] for _ in rest]
    for file in read_files(rest):
        folders[file.folder].append((file.name, file.data))
    return msgspec.msgpack.encode(
        Way(
            profile=chosen.profile,
            parameters=chosen.parameters,
            folders=tuple(map(tuple, folders)),
            digest=digest,
            list_all=list_all,
            memo=memo,
        )
    )


@functools.lru_cache(_MOST_WAYS)
def _judge(way: bytes) -> Judge:
    """Compile the policies; a worker has many errands of one way."""
    found = msgspec.msgpack.decode(way, type=Way)
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        folders = [_written(Path(folder) / str(at), each) for at, each in enumerate(found.folders)]
        wiring = wired()
        chosen = Chosen(
            (policies_folder(), *folders),
            found.profile,
            found.parameters,
            None,
            wiring.platforms,
            wiring.analyses,
        )
        ready = prepared(chosen)
    if ready.profile.digest != found.digest:
        raise OtherPoliciesError
    context = context_of(ready, list_all=found.list_all, memo=found.memo)
    return Judge(chosen, context, found.list_all, found.memo, threading.Lock())


def _written(folder: Path, files: Sequence[tuple[str, bytes]]) -> Path:
    for name, data in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def work(sealed: bytes, own: X25519PrivateKey, place: str, go_on: Callable[[], None]) -> bytes:
    """Do what a sealed errand says; the sealed answer.

    ``place`` is a folder for files that are gone when it is done. ``go_on`` raises when nobody
    waits for the answer any more.

    Raises:
        NotOursError: it was sealed for another worker.
        OSError: this machine can't do it.
        OtherPoliciesError: it would judge by other policies.
    """
    data, answers = unseal(sealed, own)
    brought = _done(data, place, go_on)
    return answers.seal(zstandard.ZstdCompressor(level=LEVEL).compress(encoded(brought)))


def brought_from(sealed: bytes, opened: Callable[[bytes], bytes]) -> Brought:
    """Read the answer of a worker.

    Raises:
        NotOursError, zstandard.ZstdError, msgspec.MsgspecError: it is none of this errand.
    """
    data = zstandard.ZstdDecompressor().decompress(opened(sealed), max_output_size=MOST_BROUGHT)
    return brought_of(data)


def _done(data: bytes, place: str, go_on: Callable[[], None]) -> Brought:
    errand = errand_of(data)
    parcel = msgspec.msgpack.decode(errand.parcel, type=Parcel)
    judge = _judge(errand.way)
    with tempfile.TemporaryDirectory(prefix="auditor-", dir=place) as folder:
        secrets = Path(folder) / "secrets"
        secrets.mkdir()
        options = unpacked(parcel, secrets)
        live = Entered(errand.uri, lambda _: wired().collector_for(parcel.target, options))
        return run_errand(errand, live, judge, wired().reader_of, Path(folder), _now, go_on)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

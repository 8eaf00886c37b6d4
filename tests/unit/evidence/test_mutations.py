"""Random changes of real bundles: none that counts verifies, none crashes, none hangs.

Folders, archives and stamped bundles; bytes, files, order, fields of the envelope, values of JSON,
duplicates, and signatures of another key that claims the name of the trusted one.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from auditor.errors import IntegrityError
from auditor.evidence.archive import pack, unpack
from auditor.evidence.envelope import Signed, decode, encode, sign
from auditor.evidence.keys import Held
from auditor.evidence.timestamps import request_for
from auditor.evidence.trust import Trust, TrustedKey
from auditor.evidence.verify import Verification, Verifier
from tests.live.authority import Authority
from tests.sweeps import sweep
from tests.unit.evidence.bundles import NOW, REPORT, Made, key, made, small

TESTS = "attestations/test-result.sigstore.json"
SECONDS = 20
SHARE = {"folder": 6, "archive": 2, "stamped": 2}
"""A thousand changes in each run; ten thousand in the long one, then a hundred thousand others."""
MARKS = (b'"', b"{", b"}", b"[", b"]", b",", b":", b"0", b"\\", b"\0", b"\xff", b"null", b"PK\3\4")
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2**53, 1.5, "", "x", "\ud800", "\0", "é", [], {}, [[]], {"a": 1},
    "../x", "/etc/passwd", "2026-01-01", "a" * 5_000,
)  # fmt: skip

MANY = 10_000
Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is changed: files that stand for a bundle, and how it is verified."""

    files: Files
    verify: Callable[[Files], Verification | str]
    stranger: Held


@contextmanager
def deadline(seconds: int) -> Iterator[None]:
    """Whatever hangs is interrupted."""

    def late(*_: object) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return small(made(tmp_path_factory.mktemp("made")))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Held:
    return key(tmp_path_factory.mktemp("key") / "other.pem")


def files_of(root: Path) -> Files:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


class Folder:
    """A folder that is made to hold files; only what is other is written."""

    def __init__(self, root: Path, trust: Trust, now: datetime = NOW) -> None:
        self._root = root
        self._now = now
        self._trust = trust
        self._there: Files = {}

    def __call__(self, files: Files) -> Verification:
        for name in self._there.keys() - files.keys():
            (self._root / name).unlink()
        for name, data in files.items():
            if self._there.get(name) != data:
                (self._root / name).parent.mkdir(parents=True, exist_ok=True)
                (self._root / name).write_bytes(data)
        self._there = dict(files)
        return Verifier(self._root, self._trust, self._now).run()


def folder(bundle: Made, stranger: Held, tmp_path: Path) -> Subject:
    verify = Folder(tmp_path / "bundle", bundle.trust())
    return Subject(files_of(bundle.root), verify, stranger)


def archive(bundle: Made, stranger: Held, tmp_path: Path) -> Subject:
    """The whole is one file, of which each byte counts."""
    place, root = tmp_path / "bundle.zip", tmp_path / "unpacked"
    with pack(bundle.root, place):
        pass

    def verify(files: Files) -> Verification | str:
        (data,) = files.values()
        place.write_bytes(data)
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        try:
            unpack(place, root)
        except IntegrityError as error:
            return str(error)
        return Verifier(root, bundle.trust(), NOW).run()

    return Subject({"bundle.zip": place.read_bytes()}, verify, stranger)


def stamped(bundle: Made, stranger: Held, tmp_path: Path) -> Subject:
    """With tokens of an authority that the verifier requires."""
    authority = Authority(tmp_path / "tsa")
    authority.prepare()
    files = files_of(bundle.root)
    for name in (REPORT, TESTS):
        found = decode(name, files[name])
        token = authority.reply(request_for(found.signature))
        files[name] = encode(Signed(found.payload, found.keyid, found.signature, (token,)))
    roots = tuple(x509.load_pem_x509_certificates(authority.root.read_bytes()))
    trusted = (TrustedKey(bundle.held.public, "builder"),)
    trust = Trust("test", trusted, roots, require_timestamp=True)
    verify = Folder(tmp_path / "bundle", trust, datetime.now(UTC))
    return Subject(files, verify, stranger)


MAKERS = {"folder": folder, "archive": archive, "stamped": stamped}


def of_bytes(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice((1, 1, 2, 50, 10_000)))
    what = chance.randrange(7)
    if what == 0:
        return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
    if what == 1:
        return data[:at] + data[end:]
    if what == 2:
        return data[:at] + chance.randbytes(chance.choice((1, 4, 100))) + data[at:]
    if what == 3:
        return data[:at] + data[at:end] + data[at:]
    if what == 4:
        return chance.choice(others)
    if what == 5:
        lines = data.split(b"\n")
        chance.shuffle(lines)
        return b"\n".join(lines)
    return data[:at] + chance.choice(MARKS) + data[end:]


def of_json(chance: random.Random, data: bytes) -> bytes:
    """Another value, a member less, a member twice."""
    value = json.loads(data)
    holders = [each for each in _nodes(value) if each]
    holder = chance.choice(holders)
    place = (
        chance.choice(list(holder)) if isinstance(holder, dict) else chance.randrange(len(holder))
    )
    what = chance.randrange(3)
    if what == 0:
        holder[place] = chance.choice(VALUES)
    elif what == 1:
        del holder[place]
    elif isinstance(holder, list):
        holder.append(holder[place])
    else:
        text = json.dumps(value, indent=1) + "\n"
        member = f"{json.dumps(place)}: {json.dumps(holder[place], indent=1)[:20]}"
        return text.replace(member[:20], f"{json.dumps(place)}: 0,\n{member[:20]}", 1).encode()
    return (json.dumps(value, indent=1) + "\n").encode()


def _nodes(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for each in value.values() if isinstance(value, dict) else value:
            yield from _nodes(each)


def signed_anew(chance: random.Random, subject: Subject, name: str, data: bytes) -> bytes:
    """By a stranger, as the trusted key: of what was signed, or of something else."""
    found = decode(name, data)
    text = found.payload if chance.random() < 0.5 else of_bytes(chance, found.payload, [b"{}"])
    anew = sign(text, subject.stranger)
    return encode(Signed(anew.payload, found.keyid, anew.signature, found.timestamps))


def mutated(chance: random.Random, subject: Subject) -> tuple[str, Files]:
    """One random change: what it was, and the files after it."""
    files = dict(subject.files)
    names = sorted(files)
    weights = [30 if "attestations" in name or name == "manifest.json" else 1 for name in names]
    (name,) = chance.choices(names, weights)
    what = chance.choice(("bytes", "bytes", "bytes", "json", "signer", "gone", "renamed"))
    if what == "gone":
        del files[name]
    elif what == "renamed":
        files[f"{name}x"] = files.pop(name)
    elif what == "json" and name.endswith(".json"):
        files[name] = of_json(chance, files[name])
    elif what == "signer" and "attestations" in name:
        files[name] = signed_anew(chance, subject, name, files[name])
    else:
        what = "bytes"
        files[name] = of_bytes(chance, files[name], list(files.values()))
    return f"{what} of {name}", files


def mutate(subject: Subject, number: int, seed: int) -> int:
    """Change it so often; how many changes there were that were any."""
    chance = random.Random(seed)
    with deadline(SECONDS):
        untouched = subject.verify(subject.files)
    assert isinstance(untouched, Verification)
    assert untouched.decision == "verified", untouched
    changed = 0
    while changed < number:
        what, files = mutated(chance, subject)
        if files == subject.files or (len(subject.files) == 1 and "bundle.zip" not in files):
            continue
        changed += 1
        with deadline(SECONDS):
            found = subject.verify(files)
        if isinstance(found, Verification) and found.decision == "verified":
            assert harmless(subject.files, files), (seed, changed, what)
            assert (found.key, found.steps) == (untouched.key, untouched.steps), what
    return changed


def harmless(before: Files, after: Files) -> bool:
    """Whether all that was changed are fields of a token that its authority did not sign."""
    other = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if not other <= {REPORT, TESTS} or before.keys() != after.keys():
        return False
    pairs = [(decode(name, before[name]), decode(name, after[name])) for name in other]
    return all(
        (one.payload, one.keyid, one.signature) == (two.payload, two.keyid, two.signature)
        and bool(one.timestamps)
        and len(one.timestamps) == len(two.timestamps)
        for one, two in pairs
    )


@pytest.mark.bulk
@sweep(some=60, whole=1_000)
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(each, marks=pytest.mark.process) if each == "stamped" else each
        for each in MAKERS
    ],
)
def test_random_mutations(
    bundle: Made,
    stranger: Held,
    tmp_path: Path,
    kind: str,
    size: int,
    record_property: Callable[[str, object], None],
) -> None:
    changed = mutate(MAKERS[kind](bundle, stranger, tmp_path), size * SHARE[kind], seed=9)
    record_property("compared", f"{changed:,} random changes of a bundle ({kind}), none verifies")


@pytest.mark.long
@pytest.mark.parametrize("kind", MAKERS)
def test_many_random_mutations(bundle: Made, stranger: Held, tmp_path: Path, kind: str) -> None:
    seed = random.randrange(1 << 30)
    mutate(MAKERS[kind](bundle, stranger, tmp_path), MANY * SHARE[kind], seed)


def test_a_change_of_a_token_that_nobody_signed_is_none() -> None:
    """What ``harmless`` lets pass is only that."""
    assert not harmless({"manifest.json": b"1"}, {"manifest.json": b"2"})
    assert not harmless({"a": b"1"}, {"b": b"1"})

"""Archives that nobody would write: each is refused, nothing lands outside, nothing grows."""

from __future__ import annotations

import io
import random
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import IntegrityError
from auditor.evidence.archive import pack, unpack
from tests.sweeps import sweep

FILES = {
    "attestations/audit-report.sigstore.json": b"{}",
    "environment.json": b"{}\n",
    "evidence/0000/000000.jsonl": b"",
    "manifest.json": b"hello world" * 5,
    "policy/00/rules/a.yaml": b"id: a\n",
    "policy/00/rules/\u00fc.yaml": b"id: b\n",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    root = tmp_path_factory.mktemp("root") / "b"
    for name, data in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    place = root.parent / "b.zip"
    with pack(root, place):
        pass
    return place.read_bytes()


def unpacked(data: bytes, folder: Path) -> dict[str, bytes]:
    (folder / "b.zip").write_bytes(data)
    root = folder / "root"
    root.mkdir()
    unpack(folder / "b.zip", root)
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_what_was_packed_comes_out(whole: bytes, tmp_path: Path) -> None:
    assert unpacked(whole, tmp_path) == FILES


def test_other_programs_read_it(whole: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        assert {info.filename: archive.read(info) for info in archive.infolist()} == FILES
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        modes = {info.external_attr >> 16 for info in archive.infolist()}
        assert modes == {stat.S_IFREG | 0o644}


@pytest.mark.long
def test_more_files_than_an_old_zip_can_have(tmp_path: Path) -> None:
    """From 65,535 on the number stands in a record of its own (APPNOTE.TXT 4.3.14)."""
    root = tmp_path / "b"
    (root / "bodies").mkdir(parents=True)
    for number in range(65_540):
        (root / f"bodies/{number:064x}.zst").touch()
    with pack(root, tmp_path / "b.zip"):
        pass
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert len(archive.infolist()) == 65_540
    (tmp_path / "other").mkdir()
    unpack(tmp_path / "b.zip", tmp_path / "other")
    assert len(list((tmp_path / "other/bodies").iterdir())) == 65_540


Spoil = Callable[[bytes], bytes]


def rewritten(
    change: Callable[[zipfile.ZipInfo], object] = lambda _: None,
    *more: tuple[str, int],
    kept: Callable[[str], bool] = lambda _: True,
    method: int = zipfile.ZIP_STORED,
) -> Spoil:
    """The same by Python's own writer, with each entry changed, and more entries (name, mode)."""

    def spoil(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
            named = [(name, old.read(name), 0o100644) for name in old.namelist() if kept(name)]
            named += [(name, b"x", mode) for name, mode in more]
            for name, content, mode in sorted(named):
                info = zipfile.ZipInfo(name)
                info.external_attr = mode << 16
                info.compress_type = method
                change(info)
                new.writestr(info, content)
        return out.getvalue()

    return spoil


def plus(name: str, mode: int = 0o100644) -> Spoil:
    return rewritten(lambda _: None, (name, mode))


def set_(**fields: object) -> Spoil:
    def change(info: zipfile.ZipInfo) -> None:
        for name, value in fields.items():
            setattr(info, name, value)

    return rewritten(change)


def backwards(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in reversed(old.namelist()):
            new.writestr(zipfile.ZipInfo(name), old.read(name))
    return out.getvalue()


def directory(data: bytes) -> int:
    """Where the directory begins."""
    found: int = struct.unpack_from("<L", data, len(data) - 6)[0]
    return found


def hidden(data: bytes) -> bytes:
    at = directory(data)
    end = data[-22:-6] + struct.pack("<L", at + 6) + data[-2:]
    return data[:at] + b"HIDDEN" + data[at:-22] + end


def patched(pattern: bytes, offset: int, value: bytes) -> Spoil:
    """Other bytes in the first header that begins with a pattern."""

    def spoil(data: bytes) -> bytes:
        at = data.index(pattern) + offset
        return data[:at] + value + data[at + len(value) :]

    return spoil


def doubled(data: bytes) -> bytes:
    """The first entry twice, in both places."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        second = archive.infolist()[1].header_offset
    return data[:second] + data


def overlapping(_: bytes) -> bytes:
    """Each entry holds all that follow: a little data many times (A better zip bomb, Fifield)."""
    data, infos = bytes(1 << 16), []
    for number in range(50, 0, -1):
        name = f"bodies/{number:064x}.zst".encode()
        sizes = zlib.crc32(data), len(data), len(data), len(name), 0
        head = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, *sizes) + name
        infos.append((name, sizes, head))
        data = head + data
    at, listed = 0, b""
    for name, sizes, head in reversed(infos):
        fields = (20, 3, 20, 0, 0, 0, 33, *sizes, 0, 0, 0, 0o100644 << 16, at)
        listed += struct.pack("<4s2B5H3L5H2L", b"PK\1\2", *fields) + name
        at += len(head)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 50, 50, len(listed), len(data), 0)
    return data + listed + end


def last(data: bytes) -> bytes:
    """One entry less in the directory than there are."""
    at = data.rindex(b"PK\1\2")
    size = at - directory(data)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 5, 5, size, directory(data), 0)
    return data[:at] + end


LOCAL, CENTRAL = b"PK\3\4", b"PK\1\2"
HOSTILE: dict[str, tuple[Spoil, str]] = {
    "something before it": (lambda d: b"#!/bin/sh\n" + d, "the central directory"),
    "something behind it": (lambda d: d + b"more", "follows its end"),
    "a second archive behind it": (lambda d: d + d, "follows its end"),
    "a comment": (lambda d: d[:-2] + b"\5\0hello", "the central directory"),
    "hidden data before the directory": (hidden, "the central directory"),
    "a comment of an entry": (set_(comment=b"x"), "the central directory"),
    "an extra field": (set_(extra=b"\xca\xfe\0\0"), "is not stored as a plain file"),
    "another date": (set_(date_time=(2030, 1, 1, 0, 0, 0)), "is not stored as a plain file"),
    "another mode": (set_(external_attr=0o104777 << 16), "the central directory"),
    "another system": (set_(create_system=0), "the central directory"),
    "compressed": (rewritten(method=zipfile.ZIP_DEFLATED), "is not stored as a plain file"),
    "encrypted": (patched(LOCAL, 6, b"\1\0"), "is not stored as a plain file"),
    "sizes that come later": (patched(LOCAL, 6, b"\x08\0"), "is not stored as a plain file"),
    "a name in another place": (patched(CENTRAL, 46, b"X"), "the central directory"),
    "another size there": (patched(CENTRAL, 24, b"\xff\xff\xff\x7f"), "the central directory"),
    "a lying size": (patched(LOCAL, 18, b"\xff\xff\xff\x7f" * 2), "it is cut off"),
    "a smaller size": (patched(LOCAL, 18, b"\1\0\0\0" * 2), "is not what its sum says"),
    "two sizes": (patched(LOCAL, 18, b"\1\0\0\0"), "is not stored as a plain file"),
    "another sum": (patched(LOCAL, 14, b"xxxx"), "is not what its sum says"),
    "an offset elsewhere": (patched(CENTRAL, 42, b"\1\0\0\0"), "the central directory"),
    "no name": (patched(LOCAL, 26, b"\0\0"), "is not a name for a file"),
    "a name without an end": (patched(LOCAL, 26, b"\xff\xff"), "is not stored as a plain"),
    "not all listed": (last, "the central directory"),
    "cut off": (lambda d: d[:-1], "the central directory"),
    "cut off early": (lambda d: d[:70], "its sum says, or it is cut off"),
    "nothing": (lambda _: b"", "the central directory"),
    "an empty archive": (lambda _: b"PK\5\6" + bytes(18), "it is empty"),
    "no archive": (lambda _: b"hello" * 100, "the central directory"),
    "overlapping entries": (overlapping, "the central directory"),
    "an entry twice": (doubled, "is there twice"),
    "names in another order": (backwards, "is not in its place"),
    "a way up": (plus("../evil"), "is not a name for a file"),
    "a way up inside": (plus("policy/00/rules/../x.yaml"), "is not a name for a file"),
    "an absolute path": (plus("/evil"), "is not a name for a file"),
    "another folder": (plus("evil/x"), "is not a name for a file"),
    "a backslash": (plus("policy/00/rules/a\\b.yaml"), "is not a name for a file"),
    "a drive": (plus("C:x"), "is not a name for a file"),
    "a line feed": (plus("policy/00/rules/a\nb.yaml"), "is not a name for a file"),
    "a long name": (plus(f"policy/00/rules/{'a' * 300}.yaml"), "is not a name for a file"),
    "a deep name": (plus(f"policy/00/rules/{'a/' * 1800}a.yaml"), "is not a name for a file"),
    "a folder": (plus("evidence/"), "is not a name for a file"),
    "a link": (plus("baseline.json", 0o120777), "the central directory"),
    "a pipe": (plus("baseline.json", 0o010644), "the central directory"),
    "names that differ by case": (plus("policy/00/rules/A.yaml"), "is there twice"),
    "a file that is a folder too": (plus("policy/00/rules/a.yaml/b.yaml"), "File exists"),
    "no text as a name": (
        patched(b"environment.json", 0, b"\xff\xff"), "is not stored as a plain file",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "says"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_archives(whole: bytes, tmp_path: Path, spoil: Spoil, says: str) -> None:
    data = spoil(whole)
    with pytest.raises(IntegrityError) as error:
        unpacked(data, tmp_path)
    assert says in str(error.value)
    assert error.value.hint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.zip", "root"]
    written = sum(path.stat().st_size for path in (tmp_path / "root").rglob("*") if path.is_file())
    assert written <= len(data)


@sweep(some=400, whole=4_000)
def test_random_changes(whole: bytes, tmp_path: Path, size: int) -> None:
    """Whatever is changed, it is said to be wrong, and nothing else happens."""
    chance = random.Random(5)
    tiny = rewritten(kept=lambda name: name.endswith("t.json") and "/" not in name)(whole)
    assert sorted(unpacked(tiny, tmp_path)) == ["environment.json", "manifest.json"]
    root, place = tmp_path / "root", tmp_path / "b.zip"
    for number in range(size):
        data = bytearray(tiny)
        for _ in range(chance.choice((1, 1, 2, 4))):
            at = chance.randrange(len(data))
            what = chance.randrange(4)
            if what == 0:
                data[at] = chance.choice((0, 1, 0xFF, 0x80, chance.randrange(256)))
            elif what == 1:
                data[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), chance.randbytes(4)))
            elif what == 2:
                del data[at : at + chance.randrange(1, 20)]
            else:
                data[at:at] = chance.randbytes(chance.randrange(1, 9))
        place.write_bytes(data)
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        try:
            unpack(place, root)
        except IntegrityError:
            continue
        assert data == tiny, number

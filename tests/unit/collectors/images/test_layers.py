"""Files of layers with the setuid or setgid bit, by headers: against tar and find, and hostile."""

from __future__ import annotations

import bz2
import io
import itertools
import lzma
import random
import tarfile
import zlib
from pathlib import Path

import msgspec
import pytest
import zstandard

from collectors.images.contents.headers import FILE, LINK, SYMLINK, Entry, entries
from collectors.images.contents.limits import ContentError, MalformedError, TooLargeError
from collectors.images.contents.special import Overlaid
from tests.unit.collectors.images.contents import BIN, SU, listed, stream
from tests.unit.collectors.images.layers import (
    BLOCK,
    LONG,
    File,
    before,
    changed,
    digest,
    layer,
    record,
    some_layers,
    unpacked,
)


@pytest.mark.process
def test_we_find_what_tar_and_find_do(tmp_path: Path) -> None:
    """Layers that put, replace and remove; long names, by pax and by GNU."""
    dice, total = random.Random(5), 0
    for number in range(12):
        layers = some_layers(dice)
        theirs = unpacked(layers, tmp_path / f"root{number}")
        assert set(listed(*layers)) == theirs, number
        total += len(theirs)
    assert total > 20, "the test is of nothing"


@pytest.mark.process
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_names_that_are_longer_than_a_header(form: int, tmp_path: Path) -> None:
    made = layer(File(LONG, 0o4711), form=form)
    assert set(listed(made)) == unpacked([made], tmp_path / "root") == {(f"/{LONG}", "4711")}


def _link(path: str, target: str, mode: int = 0o4755) -> File:
    return File(path, mode, tarfile.LNKTYPE, target)


@pytest.mark.parametrize(
    ("layers", "left"),
    [
        ([[SU], [File("usr/bin/.wh.su")]], []),
        ([[SU, File("a"), _link("b", "a")]], ["/a", "/b", "/usr/bin/su"]),
        (
            [[File("a"), File("b", 0o755, tarfile.LNKTYPE, "a")], [_link("c", "b")]],
            ["/a", "/b", "/c"],
        ),
        ([[File("a"), _link("b", "./a")], [File("usr")], [File(".wh.b")]], ["/a"]),
        ([[File("a"), _link("b", "/a")], [File("a")], [File("b", kind=tarfile.DIRTYPE)]], []),
        ([[SU], [File("usr/.wh.bin")]], []),
        ([[BIN], [File("bin/su", 0o4755)], [BIN]], ["/bin/su"]),
        ([[BIN], [File("bin/su", 0o4755)], [File(".wh.bin")]], ["/bin/su"]),
        ([[BIN], [File("bin/su", 0o4755)], [File("bin/.wh.su")]], []),
        ([[SU], [File("usr/bin/.wh.su"), SU]], ["/usr/bin/su"]),
        ([[SU, File("usr/bin/.wh.su")]], ["/usr/bin/su"]),
        ([[SU], [File("usr/bin/.wh..wh..opq"), File("usr/bin/at", 0o4755)]], ["/usr/bin/at"]),
        ([[SU], [File(".wh..wh..opq")]], []),
        ([[SU], [File("usr/bin/su")]], []),
        ([[SU], [File("usr/bin", kind=tarfile.SYMTYPE, target="/bin")]], []),
        ([[SU], [File("usr/bin", kind=tarfile.DIRTYPE)]], ["/usr/bin/su"]),
        ([[SU], [File("usr/bin/su", kind=tarfile.DIRTYPE)]], []),
        ([[SU], [File("usr/bin/.wh..wh.plnk")]], ["/usr/bin/su"]),
        ([[File("./usr//bin/su", 0o4755)], [File("usr/bin/.wh.su")]], []),
        ([[SU, File("su2", 0o755, tarfile.LNKTYPE, "usr/bin/su")]], ["/su2", "/usr/bin/su"]),
        ([[File("d", 0o2755, tarfile.DIRTYPE), File("c", 0o4755, tarfile.CHRTYPE)]], []),
        ([[File("../../etc/x", 0o4755)]], ["/etc/x"]),
    ],
)
def test_one_layer_over_the_other(layers: list[list[File]], left: list[str]) -> None:
    found = [path for path, _ in listed(*(layer(*files) for files in layers))]
    assert found == left


def _pax(records: bytes, size: int | None = None) -> bytes:
    return before(b"x", records, size) + layer(SU)


SOME = Entry("x", FILE, 0o4755, 0, 0, "y")
PLAIN = layer(SU, File("z", size=5_000))
HOSTILE = {
    "no archive": (b"\x00\x01" * 600, "no tar archive"),
    "half a header": (PLAIN[:300], "ends too early"),
    "half a file": (PLAIN[: 3 * BLOCK + 100], "ends too early"),
    "a sum that is wrong": (b"y" + PLAIN[1:], "no tar archive"),
    "a size that is none": (changed(PLAIN, 124, b"9" * 11), "a number that is none"),
    "a size without end": (changed(PLAIN, 124, b"\x80" + b"\xff" * 11), "a number out of range"),
    "more than there is": (changed(PLAIN, 124, b"7" * 11), "ends too early"),
    "a name without end": (_pax(b"", 1 << 30), "a name that is too long"),
    "a record of nothing": (_pax(b"0 a=b\n"), "a record of pax"),
    "a record of no number": (_pax(b"x path=b\n"), "a record of pax"),
    "a record with a size": (_pax(b"10 size=x\n"), "a size that is none"),
    "a sparse file": (changed(PLAIN, 156, b"S"), "a sparse file"),
    "another sparse file": (_pax(record("GNU.sparse.major", "7")), "a sparse file of an unknown"),
    "an unknown type": (changed(PLAIN, 156, b"Z"), "an archive with a b'Z'"),
    "what Docker does not unpack": (changed(PLAIN, 156, b"7"), "an archive with a b'7'"),
    "a file that ends as a folder": (layer(File("bin/su/")), "whose name is that of a folder"),
    "a block of nothing": (bytes(BLOCK) + PLAIN, "goes on after a block of nothing"),
    "more of nothing": (before(b"x", record("mtime", "1")), "a file that does not follow"),
    "a name of nothing": (before(b"L", b"bin/su\0") + bytes(2 * BLOCK), "that does not follow"),
    "more of all files": (before(b"g", record("path", "x")) + PLAIN, "one path for all files"),
    "more of all in between": (before(b"L", b"x") + before(b"g", b"") + PLAIN, "does not follow"),
    "a time that is none": (_pax(record("mtime", "soon")), "a mtime that is none"),
    "a name with an end": (_pax(record("path", "x\0y")), "a record of pax"),
    "a size below nothing": (changed(PLAIN, 124, b"\xff" * 12), "out of range"),
    "a file in place of all": (layer(File(".")), "in place of the whole image"),
    "a link in place of all": (layer(File("./", kind=tarfile.SYMTYPE)), "in place of the whole"),
    "a link to all": (layer(_link("x", "/")), "a hard link to the whole image"),
    "a removal of nothing": (layer(File(".wh.")), "removes a file without a name"),
    "a removal of a folder": (layer(File("bin/.wh..")), "removes a file without a name"),
    "a removal of all": (layer(File("bin/.wh...")), "removes a file without a name"),
    "bzip2": (bz2.compress(PLAIN), "packed by bzip2"),
    "xz": (lzma.compress(PLAIN), "packed by xz"),
    "gzip that is none": (b"\x1f\x8b" + b"x" * 600, "no gzip"),
    "half of gzip": (zlib.compress(PLAIN, wbits=31)[:60], "ends too early"),
    "zstd that is none": (b"\x28\xb5\x2f\xfd" + b"\xff" * 600, "no zstd"),
}


@pytest.mark.parametrize(("data", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_layer_is_said_to_be_none(data: bytes, said: str) -> None:
    with pytest.raises(ContentError, match=said):
        listed(data)


def _said(kind: bytes, data: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """A file of the bits, after what says more of it."""
    return b"".join(before(*each) for each in ((kind, data), *more)) + layer(SU)


_SIZED = changed(layer(File("x", size=512)), 124, b"\x000000001000")[: 2 * BLOCK]
"""A file of one block, as its size says after a byte of nothing."""
_FOLDER = changed(changed(layer(File("x/", size=512)), 156, b"\0"), 0, b"x/")[:BLOCK]
"""A folder as in the oldest form: it has a size, and no data."""


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (_said(b"x", record("path", "")), "/usr/bin/su"),
        (_said(b"x", record("path", "a") + record("path", "")), "/usr/bin/su"),
        (_said(b"x", record("path", "a"), (b"x", record("mtime", "1.5"))), "/usr/bin/su"),
        (_said(b"x", record("GNU.sparse.name", "a")), "/usr/bin/su"),
        (_said(b"x", record("GNU.sparse.name", "a") + record("GNU.sparse.map", "0,3")), "/a"),
        (_said(b"L", b"a\0", (b"x", record("path", "b"))), "/a"),
        (_said(b"L", b"\0", (b"x", record("path", "b"))), "/b"),
        (_said(b"g", record("comment", "x")), "/usr/bin/su"),
        (changed(layer(SU), 100, b"\x004755\0\0\0"), "/usr/bin/su"),
        (changed(layer(SU), 100, b"   4755 "), "/usr/bin/su"),
        (changed(layer(SU), 100, b"\x80\0\0\0\0\0\x09\xed"), "/usr/bin/su"),
        (_SIZED + layer(SU), "/usr/bin/su"),
        (_FOLDER + layer(SU), "/usr/bin/su"),
    ],
)
def test_headers_are_taken_as_engines_take_them(data: bytes, found: str) -> None:
    assert listed(data) == [(found, "4755")]


def test_names_that_are_no_text_stay_apart() -> None:
    one, other = (changed(layer(File("a", 0o4755)), 0, name) for name in (b"\xff", b"\xfe"))
    assert listed(one, other) == [("/\ufffd", "4755")] * 2
    assert listed(one, changed(layer(File(".wh.a")), 4, b"\xfe")) == [("/\ufffd", "4755")]


def test_a_frame_that_has_no_data_may_be_anywhere() -> None:
    frame = b"\x5a\x2a\x4d\x18\4\0\0\0abcd"
    packed = zstandard.compress(PLAIN)
    for data in (frame + packed, frame * 2 + packed, packed + frame):
        assert listed(data) == [("/usr/bin/su", "4755")]


def test_a_layer_that_is_damaged_anywhere_raises_nothing_else() -> None:
    dice = random.Random(9)
    whole = layer(SU, File(LONG, 0o4755), File("a", kind=tarfile.SYMTYPE, target="b"))
    packed = zlib.compress(whole, wbits=31)
    for made in itertools.chain.from_iterable([(whole, packed)] * 150):
        data = bytearray(made)
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            listed(bytes(data[: dice.randint(1, len(data))]))
        except ContentError:
            continue


def test_what_unpacks_to_more_than_is_read_is_not_held() -> None:
    bomb = zlib.compress(bytes(64 << 20), 9, wbits=31)
    assert len(bomb) < 1 << 17
    unpacking = stream(bomb, left=8 << 20)
    with pytest.raises(TooLargeError, match="more than is read"):
        unpacking.skip(64 << 20)


def test_a_layer_may_be_cut_into_pieces_anywhere() -> None:
    data = zlib.compress(PLAIN, wbits=31)
    unpacking = stream(*(data[at : at + 1] for at in range(len(data))))
    assert [each.path for each in entries(unpacking, 9)] == ["usr/bin/su", "z"]
    assert unpacking.finish() == digest(PLAIN)


def test_more_than_is_remembered_is_refused() -> None:
    with pytest.raises(TooLargeError, match="more than 3 entries"):
        list(entries(stream(layer(*(File(str(number)) for number in range(4)))), 3))


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE])
def test_names_that_are_held_are_bounded(kind: bytes) -> None:
    """A path in as many folders as it can be: each of them is remembered by its whole path."""
    deep = "d/" * 100_000
    files = itertools.cycle(
        [msgspec.structs.replace(SOME, path=f"{deep}{number}") for number in range(1_000)]
    )
    kinds = {tarfile.REGTYPE: FILE, tarfile.LNKTYPE: LINK, tarfile.SYMTYPE: SYMLINK}
    made = (msgspec.structs.replace(each, kind=kinds[kind]) for each in files)
    with pytest.raises(TooLargeError, match="than are remembered"):
        Overlaid().add(itertools.islice(made, 1_000), 0)


def test_the_end_of_an_archive_may_be_missing() -> None:
    whole = layer(SU, size=0)
    assert listed(whole[: 1 * BLOCK]) == [("/usr/bin/su", "4755")]
    with pytest.raises(MalformedError):
        list(entries(stream(io.BytesIO(whole).read(BLOCK + 7)), 9))

"""Layers and images made for a test, and what GNU tar and find make of them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

FOLDERS = ("", "bin/", "opt/x/", "opt/x/deep/", "usr/")
NAMES = ("su", "at", "run", "opt", "x")
BLOCK = 512
LONG = "d" * 90 + "/" + "e" * 120 + "/su"
"""Longer than a header holds, in either form."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a layer; ``kind`` is a type of tar."""

    path: str
    mode: int = 0o755
    kind: bytes = tarfile.REGTYPE
    target: str = ""
    size: int = 3


def layer(*files: File, form: int = tarfile.PAX_FORMAT, **fields: Any) -> bytes:
    """A layer with files; ``fields`` are set in each header."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for each in files:
            entry = tarfile.TarInfo(each.path)
            entry.type, entry.mode, entry.linkname = each.kind, each.mode, each.target
            entry.size = each.size if each.kind == tarfile.REGTYPE else 0
            for name, value in fields.items():
                setattr(entry, name, value)
            archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    return made.getvalue()


def changed(data: bytes, at: int, new: bytes) -> bytes:
    """A header with other bytes, and with a sum that is right."""
    made = bytearray(data)
    made[at : at + len(new)] = new
    made[148:156] = b" " * 8
    made[148:156] = f"{sum(made[:BLOCK]):06o}\0 ".encode()
    return bytes(made)


def before(kind: bytes, data: bytes, size: int | None = None) -> bytes:
    """A header that says more of the next one, or of all."""
    made = changed(layer(File("x"))[:BLOCK], 156, kind)
    made = changed(made, 124, f"{len(data) if size is None else size:011o}\0".encode())
    return made + data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0")


def record(key: str, value: str) -> bytes:
    """One record of pax."""
    rest = f" {key}={value}\n".encode()
    length = next(each for each in range(len(rest), 9_999) if len(f"{each}") + len(rest) == each)
    return str(length).encode() + rest


def some_layers(dice: random.Random) -> list[bytes]:
    """Three layers that put, replace and remove files of the same few names."""
    return [layer(*_some(dice, number), form=dice.choice((0, 1, 2))) for number in range(3)]


def _some(dice: random.Random, number: int) -> list[File]:
    found: dict[str, File] = {}
    for _ in range(dice.randint(1, 8)):
        folder = dice.choice(FOLDERS)
        path, bits = folder + dice.choice(NAMES), dice.choice((0, 0o4000, 0o2000, 0o6000))
        above = {path[:at] for at, char in enumerate(path) if char == "/"}
        below = any(each.startswith(f"{path}/") for each in found)
        if path in found or below or above & found.keys():
            continue
        if number and dice.random() < 0.3:
            gone = folder + dice.choice((f".wh.{path.rpartition('/')[2]}", ".wh..wh..opq"))
            found[gone] = File(gone, 0, size=0)
        else:
            found[path] = File(path, 0o755 | bits)
    return sorted(found.values(), key=lambda each: (".wh." not in each.path, each.path))


@dataclass(slots=True)
class Saved:
    """An image by its layers, in any form that is read."""

    layers: Sequence[bytes]
    packed: str = ""
    config: dict[str, Any] = field(default_factory=dict)

    def parts(self) -> dict[str, bytes]:
        """A layout that ``docker save`` lists as well, as engines write it today."""
        blobs = [_packed(each, self.packed) for each in self.layers]
        root = {"type": "layers", "diff_ids": [digest(each) for each in self.layers]}
        config = json.dumps({"config": {}, "rootfs": root, **self.config}).encode()
        manifest = {"config": _entry(config), "layers": [_entry(each) for each in blobs]}
        data = json.dumps(manifest).encode()
        parts = {blob(each): each for each in (*blobs, config, data)}
        index = {"manifests": [{**_entry(data), "annotations": {_NAME: "r.io/app:1"}}]}
        parts["index.json"] = json.dumps(index).encode()
        parts["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
        layers = [blob(each) for each in blobs]
        saved = {"Config": blob(config), "RepoTags": ["r.io/app:1"], "Layers": layers}
        parts["manifest.json"] = json.dumps([saved]).encode()
        return parts

    @property
    def id(self) -> str:
        """The digest of its configuration."""
        name: str = json.loads(self.parts()["manifest.json"])[0]["Config"]
        return "sha256:" + name.rpartition("/")[2]


_NAME = "io.containerd.image.name"


def archived(parts: dict[str, bytes], file: Path) -> Path:
    """Write parts as an archive."""
    with tarfile.open(file, "w") as archive:
        for name, data in parts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return file


def laid_out(parts: dict[str, bytes], folder: Path) -> Path:
    """Write parts as a folder."""
    for name, data in parts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def without(parts: dict[str, bytes], *names: str) -> dict[str, bytes]:
    """Leave out some parts."""
    return {name: data for name, data in parts.items() if name not in names}


def digest(data: bytes) -> str:
    """As parts are named."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def blob(data: bytes) -> str:
    """Where a part stands in a layout."""
    return f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"


def _entry(data: bytes) -> dict[str, Any]:
    return {"mediaType": "application/x", "digest": digest(data), "size": len(data)}


def _packed(data: bytes, form: str) -> bytes:
    if form == "gzip":
        half = len(data) // 2
        return gzip.compress(data[:half], mtime=0) + gzip.compress(data[half:], mtime=0)
    return zstandard.compress(data) if form == "zstd" else data


def unpacked(layers: Sequence[bytes], root: Path) -> set[tuple[str, str]]:
    """What ``tar`` and ``find`` make of layers: files with the bits, and their modes."""
    root.mkdir()
    for each in layers:
        _without_removed(each, root)
        words = ["tar", "-xpf", "-", "--no-same-owner", "--exclude=.wh.*", "--recursive-unlink"]
        subprocess.run([*words, "-C", root], input=each, check=True, timeout=60)
    words = ["find", str(root), "-type", "f", "-perm", "/6000", "-printf", "/%P %m\\n"]
    found = subprocess.run(words, capture_output=True, check=True, text=True, timeout=60)
    lines = (each.rpartition(" ") for each in found.stdout.splitlines())
    return {(path, mode) for path, _, mode in lines}


def _without_removed(data: bytes, root: Path) -> None:
    """Remove from a tree what a layer says was removed."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for name in archive.getnames():
            folder, _, last = name.rpartition("/")
            if last == ".wh..wh..opq":
                removed = list((root / folder).iterdir()) if (root / folder).is_dir() else []
            elif last.startswith(".wh."):
                removed = [root / folder / last.removeprefix(".wh.")]
            else:
                continue
            for path in removed:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)

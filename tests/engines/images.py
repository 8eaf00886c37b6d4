"""Images made for a test, and a registry on the loopback that has them.

An image is a manifest, a configuration and its layers, as https://github.com/opencontainers/image-spec
has them. The registry answers the part of https://github.com/opencontainers/distribution-spec by
which images are pulled.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_TYPE = "application/vnd.oci.image."
_MANIFEST, _CONFIG, _LAYER = (
    _TYPE + each for each in ("manifest.v1+json", "config.v1+json", "layer.v1.tar")
)
_TIME = "2026-11-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Image:
    """What a registry has of an image: its manifest, and what that names."""

    manifest: bytes
    blobs: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """The digest that it is pulled by."""
        return _digest(self.manifest)

    def layout(self, folder: Path) -> Path:
        """Write it as a folder of the OCI image layout."""
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        for digest, data in {**self.blobs, self.digest: self.manifest}.items():
            (blobs / digest.removeprefix("sha256:")).write_bytes(data)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        entry = _entry(self.manifest, _MANIFEST)
        (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
        return folder

    def archive(self, file: Path, name: str) -> Path:
        """Write it as docker save does, under a name with a tag."""
        configuration = json.loads(self.manifest)["config"]["digest"]
        layers = [each for each in self.blobs if each != configuration]
        entry = {"Config": configuration, "RepoTags": [name], "Layers": layers}
        files = {**self.blobs, "manifest.json": json.dumps([entry])}
        file.write_bytes(_layer(files))
        return file


def image(
    files: Mapping[str, bytes | str], *steps: str | Mapping[str, Any], **config: Any
) -> Image:
    """Make an image with files, run as its configuration says; ``steps`` are its history.

    The first layer has the files, each other step that made one a file of its own.
    """
    history = [{"created_by": each} if isinstance(each, str) else each for each in steps]
    made = sum(not each.get("empty_layer") for each in history)
    layers = [_layer(files), *(_layer({f"step-{at}": str(at)}) for at in range(1, made))]
    about = {
        "architecture": "amd64",
        "os": "linux",
        "created": _TIME,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [_digest(each) for each in layers]},
        "history": [{"created": _TIME, **each} for each in history or [{"created_by": "COPY . /"}]],
    }
    configuration = json.dumps(about).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _entry(configuration, _CONFIG),
        "layers": [_entry(each, _LAYER) for each in layers],
    }
    blobs = {_digest(each): each for each in (*layers, configuration)}
    return Image(json.dumps(manifest).encode(), blobs)


def alpine(packages: Mapping[str, str], release: str = "3.22.1") -> dict[str, bytes | str]:
    """The files of Alpine with packages, by their versions."""
    fields = "C:Q1{0}=\nP:{0}\nV:{1}\nA:x86_64\nS:1\nI:1\nT:made for a test\no:{0}\n\n"
    return {
        "etc/alpine-release": f"{release}\n",
        "etc/os-release": f"ID=alpine\nVERSION_ID={release}\n",
        "lib/apk/db/installed": "".join(fields.format(*each) for each in packages.items()),
    }


def python(name: str, version: str) -> dict[str, bytes | str]:
    """The files by which an installed package of Python is known."""
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return {f"app/{name}-{version}.dist-info/METADATA": text}


def _layer(files: Mapping[str, bytes | str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _entry(data: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": kind, "digest": _digest(data), "size": len(data)}


@dataclass(slots=True)
class Registry:
    """A running registry; ``asked`` are the paths that it was asked for."""

    address: str
    images: dict[str, Image] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def push(self, name: str, image: Image) -> str:
        """Put an image under a name with a tag; how it is called by its digest."""
        repository, _, tag = name.partition(":")
        self.images[f"/v2/{repository}/manifests/{tag}"] = image
        self.images[f"/v2/{repository}/manifests/{image.digest}"] = image
        return f"{self.address}/{repository}@{image.digest}"

    def found(self, path: str) -> tuple[str, bytes] | None:
        """The type and the bytes of what stands at a path."""
        self.asked.append(path)
        if path in self.images:
            return _MANIFEST, self.images[path].manifest
        _, _, digest = path.rpartition("/")
        for each in list(self.images.values()):
            if digest in each.blobs:
                return "application/octet-stream", each.blobs[digest]
        return ("text/plain", b"") if path == "/v2/" else None


@contextmanager
def registry() -> Iterator[Registry]:
    """Run an empty registry."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = running.found(self.path)
            kind, data = found or ("application/json", b'{"errors": [{"code": "NOT_FOUND"}]}')
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Docker-Content-Digest", _digest(data))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        do_HEAD = do_GET  # noqa: N815 - the base looks for this name

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base has it so
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running = Registry(f"127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()

"""What was kept of a Docker host, read again: the same resources now and in a year."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import msgspec

from auditor.model.evidence import Record
from auditor.model.resource import Resource
from auditor.platforms.docker import (
    CONTAINER,
    HOST,
    IMAGE,
    IMAGE_HISTORY,
    INFO,
    NETWORK,
    PLUGIN,
    SERVICE,
    SWARM,
    VERSION,
    VOLUME,
)
from collectors.docker.host.forms import check
from collectors.docker.host.shapes import name_of
from collectors.http.stored_answers import StoredAnswer, StoredAnswers

_HINT: Final = "is it a Docker Engine?"
_ENGINE: Final = "engine"


@dataclass(frozen=True, slots=True)
class AnswersCollector(StoredAnswers):
    """Reads the kept answers of one host."""

    def reading(self, record: Record, data: bytes) -> AnswerReading:
        """Read one answer."""
        return AnswerReading(self.entry.uri, record, data)


class AnswerReading(StoredAnswer):
    """Reads one kept answer."""

    def __init__(self, target: str, record: Record, data: bytes) -> None:
        super().__init__(target, record, data, _HINT)

    def resources(self) -> Iterator[Resource]:
        """The things of the answer."""
        self._gaps = []
        shape = _SHAPES[self._record.kind]
        for number, (raw, name) in enumerate(self._items(shape)):
            yield Resource(
                kind=self._record.kind,
                api_version="",
                name=name.name,
                namespace="",
                uid=name.uid,
                source=f"/{shape.folder}/{name.name}" if shape.folder else f"/{name.name}",
                document=number,
                line=0,
                body=raw,
                labels=tuple(sorted(name.labels.items())),
                clean=False,
            )

    def _items(self, shape: _Shape) -> Iterator[tuple[bytes, _Name]]:
        try:
            found: Any = shape.decode(shape.whole(self._data, self._record.request))
        except (msgspec.DecodeError, RecursionError) as error:
            self._gap(str(error))
            return
        for raw in shape.items(found):
            try:
                value = msgspec.json.decode(raw)
                yield bytes(raw), shape.name(value)
            except (msgspec.DecodeError, RecursionError, KeyError, TypeError, AttributeError):
                self._gap("one of it is not as an engine writes it")


class _Name(msgspec.Struct, frozen=True):
    """What a thing is called, and by what it is known."""

    name: str
    uid: str = ""
    labels: Mapping[str, str] = MappingProxyType({})


class _Volumes(msgspec.Struct, frozen=True):
    volumes: list[msgspec.Raw] | None = msgspec.field(default=None, name="Volumes")


def _itself(found: msgspec.Raw) -> list[msgspec.Raw]:
    return [found]


def _all(found: list[msgspec.Raw] | None) -> list[msgspec.Raw]:
    return found or []


def _of_volumes(found: _Volumes) -> list[msgspec.Raw]:
    return found.volumes or []


def _as_it_is(data: bytes, request: str) -> bytes:
    del request
    return data


def _history_of(data: bytes, request: str) -> bytes:
    """The layers with the image that was asked about, which the answer itself does not name."""
    image = request.removesuffix("/history").rpartition("/")[2]
    return msgspec.json.encode({"Id": image, "Layers": _decode_all(data) or []})


class _Shape(msgspec.Struct, frozen=True):
    """What an answer of a kind holds: how to take it apart, and what its things are called.

    ``whole`` adds to an answer what only its request says.
    """

    decode: Callable[[bytes], Any]
    items: Callable[[Any], list[msgspec.Raw]]
    name: Callable[[Any], _Name]
    folder: str = ""
    whole: Callable[[bytes, str], bytes] = _as_it_is


_decode_one: Final = msgspec.json.Decoder(msgspec.Raw).decode
_decode_all: Final = msgspec.json.Decoder(list[msgspec.Raw] | None).decode
_decode_volumes: Final = msgspec.json.Decoder(_Volumes).decode


def _container(value: Any) -> _Name:
    labels = (value.get("Config") or {}).get("Labels") or {}
    return _Name(value["Name"].removeprefix("/"), value["Id"], labels)


def _image(value: Any) -> _Name:
    tags = value.get("RepoTags") or value.get("RepoDigests") or [value["Id"]]
    return _Name(tags[0], value["Id"], (value.get("Config") or {}).get("Labels") or {})


def _history(value: Any) -> _Name:
    tags = value["Layers"][0].get("Tags") if value["Layers"] else None
    return _Name((tags or [value["Id"]])[0], value["Id"])


def _named(value: Any) -> _Name:
    return _Name(value["Name"], value.get("Id") or "", value.get("Labels") or {})


def _service(value: Any) -> _Name:
    return _Name(value["Spec"]["Name"], value["ID"], value["Spec"].get("Labels") or {})


def _engine(value: Any) -> _Name:
    return _Name(value.get("Name") or _ENGINE, value.get("ID") or "")


def _version(value: Any) -> _Name:
    del value
    return _Name("version")


def _swarm(value: Any) -> _Name:
    return _Name("swarm", value["ID"])


def _of_host(kind: str, value: Any) -> _Name:
    check(kind, value)
    return _Name(name_of(kind))


_SHAPES: Final[Mapping[str, _Shape]] = MappingProxyType(
    {
        **{kind: _Shape(_decode_one, _itself, partial(_of_host, kind), "host") for kind in HOST},
        CONTAINER: _Shape(_decode_one, _itself, _container, "containers"),
        IMAGE: _Shape(_decode_one, _itself, _image, "images"),
        IMAGE_HISTORY: _Shape(_decode_one, _itself, _history, "images", _history_of),
        NETWORK: _Shape(_decode_one, _itself, _named, "networks"),
        INFO: _Shape(_decode_one, _itself, _engine),
        VERSION: _Shape(_decode_one, _itself, _version),
        VOLUME: _Shape(_decode_volumes, _of_volumes, _named, "volumes"),
        PLUGIN: _Shape(_decode_all, _all, _named, "plugins"),
        SWARM: _Shape(_decode_one, _itself, _swarm),
        SERVICE: _Shape(_decode_all, _all, _service, "services"),
    }
)

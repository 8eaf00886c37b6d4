"""The configuration of an image: who runs in it, what it is given, and what made it.

Engines keep it beside the layers; a report of Trivy has it as it was. Both are read by this, so an
archive and a report of one image say the same of it.

::

    {"os": "linux",
     "config": {"User": "10001", "Env": ["PATH=/bin"], "Healthcheck": {"Test": ["CMD", "true"]}},
     "history": [{"created_by": "COPY app /app # buildkit"}, {"created_by": "USER 10001",
                                                              "empty_layer": true}]}

Engines read it by Go's decoder, which takes ``user`` for ``User`` as well and the last of two: a
document in which that makes a difference is refused, since it says one thing to us and another to
them.

Source: https://github.com/opencontainers/image-spec/blob/main/config.md, and moby/moby
``api/types/container/config.go`` for ``Healthcheck``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

import msgspec

from auditor.model.images import Configuration, Identity, Step
from collectors.images.contents.limits import MalformedError, UnsupportedError

_WINDOWS: Final = "windows"
UNJUDGED: Final = "an image of Windows, whose users and commands are not judged"


class Health(msgspec.Struct, gc=False, rename="pascal"):
    """How an image is told to work."""

    test: tuple[str, ...] | None = None


class Process(msgspec.Struct, gc=False, rename="pascal"):
    """What a container of an image begins with; an engine takes one word for a list of it."""

    user: str = ""
    env: tuple[str, ...] | None = None
    healthcheck: Health | None = None
    exposed_ports: dict[str, msgspec.Raw] | None = None
    labels: dict[str, str] | None = None
    entrypoint: tuple[str, ...] | str | None = None
    cmd: tuple[str, ...] | str | None = None


class Line(msgspec.Struct, gc=False):
    """A line of a history."""

    created_by: str = ""
    comment: str = ""
    empty_layer: bool = False


class _Root(msgspec.Struct, gc=False):
    diff_ids: tuple[str, ...]


class _Document(msgspec.Struct, gc=False):
    rootfs: _Root
    os: str = ""
    architecture: str = ""
    created: str | None = None
    config: Process | None = None
    history: list[Line] | None = None


_decode: Final = msgspec.json.Decoder(_Document).decode
_NAMES: Final = frozenset(_Document.__struct_encode_fields__)
_BELOW: Final = {
    "config": frozenset(Process.__struct_encode_fields__),
    "Healthcheck": frozenset(Health.__struct_encode_fields__),
    "history": frozenset(Line.__struct_encode_fields__),
    "rootfs": frozenset(_Root.__struct_encode_fields__),
}
"""The fields of what stands at a name, in the document or in its ``config``."""


class _Pairs(list[tuple[str, object]]):
    """An object of JSON as it is written."""


def is_windows(system: str) -> bool:
    """Whether an image is of Windows, by what its configuration says that it is for."""
    return system.lower() == _WINDOWS


def steps_of(lines: Iterable[Line] | None) -> tuple[Step, ...]:
    """The lines of a history, the oldest first."""
    return tuple(Step(each.created_by, each.comment, each.empty_layer) for each in lines or ())


def configuration_of(
    data: bytes, image: Identity, manifests: tuple[str, ...] = ()
) -> Configuration:
    """Read the configuration of an image.

    Raises:
        ContentError: it says more layers than it has, it is of another system, or an engine reads
            something else in it.
        msgspec.DecodeError, RecursionError, ValueError: it is none.
    """
    found = _decode(data)
    _check(json.loads(data, object_pairs_hook=_Pairs), _NAMES)
    if is_windows(found.os):
        raise UnsupportedError(UNJUDGED)
    process, history = found.config or Process(), steps_of(found.history)
    layers, made = len(found.rootfs.diff_ids), sum(not each.empty for each in history)
    if made > layers:
        raise MalformedError(f"a history with {made} layers, and it has {layers}")
    return Configuration(
        image=image,
        system=found.os,
        architecture=found.architecture,
        created=found.created or "",
        user=process.user,
        health=(process.healthcheck or Health()).test or (),
        environment=process.env or (),
        ports=tuple(sorted(process.exposed_ports or ())),
        labels=process.labels,
        entrypoint=_words(process.entrypoint),
        command=_words(process.cmd),
        history=history,
        layers=layers,
        manifests=manifests,
    )


def _words(found: tuple[str, ...] | str | None) -> tuple[str, ...]:
    return (found,) if isinstance(found, str) else found or ()


def _check(found: object, names: frozenset[str]) -> None:
    """See that each field stands once, in whatever letters, where its name is known."""
    if not isinstance(found, _Pairs):
        return
    known = {name.casefold(): name for name in names}
    seen: set[str] = set()
    for key, value in found:
        name = known.get(key.casefold())
        if name is None:
            continue
        if name in seen or key != name:
            raise MalformedError(f"a configuration in which {name} stands twice, or as {key!r}")
        seen.add(name)
        below = _BELOW.get(name)
        for each in value if isinstance(value, list) and not isinstance(value, _Pairs) else [value]:
            if below is not None:
                _check(each, below)

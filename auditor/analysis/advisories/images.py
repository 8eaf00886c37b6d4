"""What an image is known as: a component, and its version by the tag.

::

    nvcr.io/nvidia/k8s/container-toolkit:v1.17.4-ubuntu20.04    nvidia-container-toolkit 1.17.4
    mirror.example/nvidia/k8s/dcgm-exporter:4.5.2-4.8.1-ubi9    nvidia-dcgm 4.5.2
                                                                nvidia-dcgm-exporter 4.8.1
    nvcr.io/nvidia/tritonserver@sha256:…                        triton-inference-server, no version
    nvcr.io/nvidia/tritonserver:25.01-py3-sdk                   nothing: no server, by "sdk"
    acme/tritonserver:25.01-py3                                 nothing: a copy under another path

Source: the distribution specification, for what a reference consists of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

TABLE: Final = "stack-images"


class KnownImage(msgspec.Struct, frozen=True):
    """A repository of the table: what is in it, and which part of the tag has the version.

    A tag with one of the parts ``other`` is of something else.
    """

    component: str
    part: int = 1
    other: frozenset[str] = frozenset()


class KnownImages:
    """The repositories of the table, by the last word of their path."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """``rows`` are those of the table ``stack-images``."""
        self._by_name: dict[str, list[tuple[str, KnownImage]]] = {}
        for row in rows:
            image = KnownImage(
                row["component"], row.get("part", 1), frozenset(row.get("except", ()))
            )
            for path in row["images"]:
                name = path.rpartition("/")[2]
                self._by_name.setdefault(name, []).append((f"/{path}", image))

        words = b"|".join(re.escape(name.encode()) for name in sorted(self._by_name))
        self._words = re.compile(words) if words else None
        # most have a path, and then only what follows a slash has to be looked at
        alone = any("/" not in path[1:] for paths in self._by_name.values() for path, _ in paths)
        self._below = None if alone or not words else re.compile(b"/(?:%b)" % words)

    def may_be_in(self, body: bytes) -> bool:
        """Say whether a body mentions the last word of a repository, which is cheap to ask."""
        # JSON may write a slash as a number
        plain = self._below is not None and b"\\u" not in body
        words = self._below if plain else self._words
        return words is not None and words.search(body) is not None

    def components(self, reference: str) -> Iterator[tuple[str, str]]:
        """Yield the components that an image is known as, with the version as the tag has it.

        The version is "" where there is no tag, or one without such a part.
        """
        repository, tag = split(reference)
        for path, image in self._by_name.get(repository.rpartition("/")[2], ()):
            if f"/{repository}".endswith(path) and image.other.isdisjoint(tag.split("-")):
                yield image.component, _part(tag, image.part)


def split(reference: str) -> tuple[str, str]:
    """Take a reference apart: the repository with its registry, and the tag, "" without one."""
    named = reference.partition("@")[0]
    head, slash, last = named.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", tag


def _part(tag: str, number: int) -> str:
    """Cut a tag off behind what is before the part, which is kept with what follows it."""
    parts = tag.split("-")
    return "-".join(parts[number - 1 :])

"""Whose a document is: what a platform brings so that files of its own are read.

The files collector knows folders, YAML and JSON, and no platform. It is handed a list of
*recognisers* and asks them in their order; the first that takes a document has it, and what nobody
takes is counted and told by its line. A platform brings one object::

    class Compose(Recogniser):
        names = FileNames(suffixes=(".yaml", ".yml"))

        def reader(self, ledger: Ledger) -> DocumentReader:
            return _Reader(ledger.source, Identities(ledger.source))

    class _Reader:
        def objects(self, document: Document) -> Generator[Resource, None, bool]:
            services = document.value.get("services") ...
            if not isinstance(services, dict):
                return False
            for name, service in services.items():
                pointer = f"/services/{token(name)}"
                yield Resource(
                    document=document.number(pointer),
                    line=document.line_of(pointer),
                    body=msgspec.json.encode(service),
                    clean=True,  # what is in ``value`` has no secrets any more
                    ...
                )
            return True

A format that is neither YAML nor JSON, such as a Dockerfile, is a file of its own: ``names`` has a
pattern for how it is called, and :meth:`Recogniser.content` reads it whole.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final, Protocol, TypeGuard, TypeVar

import msgspec

from auditor.model.resource import Gap, Resource
from collectors.documents.guards import Hints, Unreadable
from collectors.documents.ledger import Ledger

Made = TypeVar("Made")


class Template(msgspec.Struct, frozen=True):
    """A folder that another program has to render first: see :meth:`Recogniser.survey`.

    A folder is one when it has all names of one of ``marks``; entries called as ``inside`` are not
    looked at then.
    """

    what: str
    marks: tuple[frozenset[str], ...]
    inside: frozenset[str]


class Templated(msgspec.Struct, frozen=True, order=True):
    """A folder, by its path below the target, that is one of ``what`` a :class:`Template` says."""

    folder: str
    what: str


class Tree(Protocol):
    """A folder that is read, as a recogniser may look at it before any of its files is."""

    @property
    def target(self) -> str:
        """The target, as typed."""
        ...

    @property
    def templates(self) -> Sequence[Templated]:
        """The folders that have to be rendered, in order."""
        ...

    def kind_of(self, path: str, /) -> PathKind:
        """Say what stands at a path, wherever its links lead."""
        ...

    def read(self, path: str, most: int, /) -> bytes:
        """Read a small file by its path.

        Raises:
            OSError: it is not a regular file of no more than ``most`` bytes within the tree.
        """
        ...

    def names(self, folder: str, /) -> Sequence[str]:
        """List what is in a folder and not left out, in order; folders have a slash at the end.

        Nothing is in what is no folder.
        """
        ...

    def once(self, key: str, make: Callable[[], Made], /) -> Made:
        """Make what many files of the tree need, and keep it while they are read."""
        ...


class PathKind(enum.Enum):
    """What stands at a path of a tree."""

    FILE = "file"
    FOLDER = "folder"
    OUTSIDE = "outside"
    NOTHING = "nothing"


class Survey(msgspec.Struct, frozen=True):
    """What a recogniser says of a tree: what can't be read as it is, and what is partial.

    ``partial`` are the paths of files that only change what is in others.
    """

    gaps: tuple[Gap, ...] = ()
    partial: frozenset[str] = frozenset()


NO_SURVEY: Final = Survey()


class FileNames(msgspec.Struct, frozen=True):
    """What files are called that a platform has something in.

    ``suffixes`` are in small letters and have their dot; ``patterns`` match a whole name.
    """

    suffixes: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    templates: tuple[Template, ...] = ()

    def has(self, name: str) -> bool:
        """Return whether a file of that name is read."""
        return name.lower().endswith(self.suffixes) or any(
            pattern.fullmatch(name) for pattern in self.patterns
        )


class Document(Protocol):
    """One document of a file, written in YAML or JSON."""

    @property
    def value(self) -> object:
        """What it says, without nulls and with markers in place of secrets; None when empty.

        Raises Unreadable where it is nested too deeply.
        """
        ...

    @property
    def line(self) -> int:
        """Where it begins, from 1."""
        ...

    def line_of(self, pointer: str, /) -> int:
        """Return the line of a field, from 1, or of its nearest ancestor that is there."""
        ...

    def number(self, pointer: str, /) -> int:
        """Number what stands at a pointer: the ``document`` of the resource that is made of it."""
        ...


class DocumentReader(Protocol):
    """Takes the documents of one file that are of one platform."""

    def objects(self, document: Document, /) -> Generator[Resource, None, bool]:
        """Yield the resources in a document; return whether it is one of this platform.

        Where it is not, nothing is yielded. What in it can't be read goes into the ledger.

        Raises Unreadable where nothing of it can be read any more.
        """
        ...


class Content(Protocol):
    """A whole file as a recogniser reads it; see :class:`auditor.ports.Reading`."""

    def resources(self) -> Iterator[Resource]:
        """Yield the objects of the file.

        Raises Unreadable where the rest can't be read.
        """
        ...

    def line(self, number: int, pointer: str) -> int:
        """Return the line of a field of a numbered object."""
        ...

    def lines(self, number: int, pointer: str, value: object) -> list[int]:
        """Return the lines of all nodes of a value in a numbered object; one is that of all."""
        ...

    def all_lines(self, number: int) -> list[int] | None:
        """Return the lines of all nodes of a numbered object, None when they take a look-up."""
        ...

    def original(self, number: int) -> object:
        """Return a numbered object with its secrets; None when it is not known."""
        ...


class Together(Content, Protocol):
    """The content of a file that others go with."""

    @property
    def inputs(self) -> str:
        """A digest of those, and of why others can't be read; "" where there are none of both.

        What is found depends on them.
        """
        ...

    @property
    def with_files(self) -> Sequence[str]:
        """Their paths below the target, in order."""
        ...


def is_together(content: Content | None) -> TypeGuard[Together]:
    """Whether others go with the file of a content; asked of each file, decided once for a type."""
    kind: Any = type(content)
    return _has_others(kind)


@cache
def _has_others(kind: type) -> bool:
    return all(hasattr(kind, name) for name in ("inputs", "with_files"))


class TakesNothing:
    """Implements :class:`DocumentReader` for who takes whole files alone."""

    def objects(self, document: Document, /) -> Generator[Resource, None, bool]:
        """Take no document."""
        del document
        yield from ()
        return False


TAKES_NOTHING: Final = TakesNothing()


class Recogniser(Protocol):
    """What one platform knows of files. Picklable, for workers have their own; it has no state."""

    names: FileNames
    hints: Hints = Hints()
    """Those of the first recogniser are used: what can't be read does not say whose it is."""

    def survey(self, tree: Tree) -> Survey:
        """Say what of a folder has to be rendered, and which of its files are partial."""
        del tree
        return NO_SURVEY

    def content(self, ledger: Ledger, data: bytes) -> Content | None:
        """Take a whole file by its name (``ledger.source``); None leaves it to be parsed."""
        del ledger, data
        return None

    def joined(self, paths: Sequence[str], tree: Tree) -> frozenset[str]:
        """Find the files, of those that would be read, that are read with another one of them.

        They belong to its content, and nothing of them is judged by itself.
        """
        del paths, tree
        return frozenset()

    def may_be_in(self, text: str) -> bool:
        """Return whether a text that can't be parsed may hold something of this platform.

        False only where it can't, whatever the text was meant to be.
        """
        del text
        return True

    def look(self, raw: bytes) -> object:
        """Decode a value of JSON as far as it takes to tell whose it is, and read it to its end.

        A text of JSON is cut into its values by the look of the first recogniser, so that a large
        one is decoded once: see :meth:`collectors.documents.json_file.JsonDocument.looked`.

        Raises:
            msgspec.ValidationError: it has a field of another type than expected.
            msgspec.DecodeError, RecursionError: it is not JSON that can be read.
        """
        return _decode_fields(raw)

    def reader(self, ledger: Ledger) -> DocumentReader:
        """Begin a file that is parsed."""
        ...

    def explained(self, error: Unreadable, text: str) -> Unreadable:
        """Say more of a text of YAML that can't be read, such as what should have rendered it."""
        del text
        return error


_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw]).decode


def names_of(recognisers: Iterable[Recogniser]) -> FileNames:
    """Put together what files are called that any of the recognisers asks for."""
    suffixes: dict[str, None] = {}
    patterns: list[re.Pattern[str]] = []
    templates: list[Template] = []
    for each in recognisers:
        suffixes.update(dict.fromkeys(each.names.suffixes))
        patterns += each.names.patterns
        templates += each.names.templates
    return FileNames(tuple(suffixes), tuple(patterns), tuple(templates))


class Identities:
    """Identities of the objects of one file that no server has given one; twins are numbered."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._seen: dict[str, int] = {}

    def of(self, kind: str, namespace: str, name: str) -> str:
        """Return an identity by what an object is called."""
        return self.numbered(f"{self._source}#{kind}/{namespace}/{name}")

    def numbered(self, uid: str) -> str:
        """Return an identity, with a number from its second use on."""
        number = self._seen[uid] = self._seen.get(uid, 0) + 1
        return uid if number == 1 else f"{uid}~{number}"

"""One kustomization: what it includes, what it changes that by, and what it would fetch.

Its fields name files and folders from where it stands, or what kustomize fetches from elsewhere::

    resources: [../base, ingress.yaml, https://example.com/crds.yaml]
    components: [../monitoring]
    patches: [{path: replicas.yaml}, {patch: "- op: remove …"}]

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

import msgspec

from auditor.late import late
from collectors.documents.blocks import Memory
from collectors.documents.guards import Unreadable, decode
from collectors.documents.recognise import PathKind, Tree
from collectors.documents.yaml_documents import Documents, chunks

FILES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names that kustomize looks for; the file need not say its kind."""
MOST_BYTES: Final = 1 << 20

_PLUGINS: Final = ("generators", "transformers", "validators")
_FOLDERS: Final = ("resources", "bases", "components", *_PLUGINS)
"""Fields whose entries are files, or folders with a kustomization of their own."""
_CHANGES: Final = ("patches", "patchesJson6902", "replacements")
_REMOTE: Final = late(
    r"[a-z][a-z0-9+.-]*::?|[\w.-]+@[\w.-]+:|[^?]*\?(?:ref|version|timeout|submodules)="
    r"|[^/]*//|(?:gh|github\.com|gitlab\.com|bitbucket\.org|dev\.azure\.com)[:/]",
    re.IGNORECASE,
)


class Use(Enum):
    """What a kustomization does with a file that it names."""

    INCLUDE = "include"
    CHANGE = "change"
    DATA = "data"


class Reference(msgspec.Struct, frozen=True):
    """A file or folder that a kustomization names; ``path`` is below the target, ``text`` as named.

    ``path`` is "" where it is not of the target: ``remote`` says that it would be fetched.
    """

    use: Use
    text: str
    path: str
    stands: PathKind
    remote: bool = False


class Kustomization(msgspec.Struct, frozen=True):
    """One kustomization; ``problem`` says why it could not be read, ``file`` is its name."""

    folder: str
    file: str
    references: tuple[Reference, ...] = ()
    problem: str = ""

    @property
    def path(self) -> str:
        """The path of its file, below the target."""
        return posixpath.join(self.folder, self.file)


def read_kustomization(tree: Tree, folder: str) -> Kustomization:
    """Read the kustomization of a folder."""
    found = [name for name in FILES if _is_there(tree, posixpath.join(folder, name))]
    name = found[0] if found else FILES[0]
    if len(found) > 1:
        return Kustomization(folder, name, problem=f"{' and '.join(found)} are both there")
    try:
        value = first_value(tree.read(posixpath.join(folder, name), MOST_BYTES))
    except OSError as error:
        return Kustomization(folder, name, problem=error.strerror or "it can't be read")
    except Unreadable as error:
        return Kustomization(folder, name, problem=error.detail)
    if not isinstance(value, dict):
        return Kustomization(folder, name, problem="it is not a map")
    references = tuple(_reference(tree, folder, use, text) for use, text in _named(value))
    return Kustomization(folder, name, references)


def _is_there(tree: Tree, path: str) -> bool:
    return tree.kind_of(path) is not PathKind.NOTHING


def first_value(data: bytes) -> object:
    """Read the first document of a file that says something.

    Raises:
        Unreadable: it is not YAML.
    """
    text = decode(data)
    documents = Documents(text, Memory().open())
    for chunk, offset in chunks(text):
        for document in documents.read(chunk, offset):
            if document.value is not None:
                return document.value
    return {}


def _named(value: Mapping[str, object]) -> Iterator[tuple[Use, str]]:
    """What a kustomization names, and for what."""
    for field in _FOLDERS:
        use = Use.CHANGE if field in _PLUGINS else Use.INCLUDE
        yield from ((use, text) for text in _texts(value.get(field)) if not _is_inline(text))
    for text in _texts(value.get("patchesStrategicMerge")):
        if not _is_inline(text):
            yield Use.CHANGE, text
    for field in _CHANGES:
        yield from ((Use.CHANGE, text) for text in _paths(value.get(field)))
    yield from ((Use.CHANGE, text) for text in _texts(value.get("configurations")))
    yield from ((Use.DATA, text) for text in _texts(value.get("crds")))
    yield from ((Use.DATA, text) for text in _paths([value.get("openapi")]))
    for field in ("configMapGenerator", "secretGenerator"):
        yield from ((Use.DATA, text) for text in _sources(value.get(field)))


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _paths(value: object) -> list[str]:
    items = value if isinstance(value, list) else []
    return _texts([each.get("path") for each in items if isinstance(each, dict)])


def _sources(value: object) -> Iterator[str]:
    """The files of a generator: ``files`` may have a key before each."""
    for each in value if isinstance(value, list) else ():
        if isinstance(each, dict):
            yield from (text.partition("=")[2] or text for text in _texts(each.get("files")))
            yield from _texts(each.get("envs"))
            yield from _texts([each.get("env")])


def _is_inline(text: str) -> bool:
    """Whether an entry is YAML itself, in place of a path."""
    return "\n" in text or text.lstrip().startswith("{")


def _reference(tree: Tree, folder: str, use: Use, text: str) -> Reference:
    path = posixpath.normpath(posixpath.join(folder, text))
    if path.startswith(("/", "../")) or path == "..":
        return Reference(use, text, "", PathKind.OUTSIDE)
    stands = PathKind.NOTHING if "\0" in path else tree.kind_of(path)
    if stands is PathKind.NOTHING:
        return Reference(use, text, "", stands, remote=_REMOTE.match(text) is not None)
    # the folder of the target itself is ""
    return Reference(use, text, "" if path == "." else path, stands)

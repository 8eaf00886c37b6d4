"""Kubernetes' own files: manifests in YAML and JSON, and what has to be rendered first."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Final

import msgspec

from auditor.late import late
from auditor.model.enums import GapCause
from auditor.model.resource import Resource
from collectors.documents.guards import Hints, Unreadable
from collectors.documents.json_file import JsonDocument
from collectors.documents.ledger import Ledger
from collectors.documents.recognise import Document, FileNames, Recogniser, Survey, Tree
from collectors.kubernetes.lists import objects_of
from collectors.kubernetes.manifests.json_heads import look
from collectors.kubernetes.manifests.json_objects import JsonObjects
from collectors.kubernetes.manifests.survey import CHART, KUSTOMIZATION, survey
from collectors.kubernetes.objects import Maker

_OF_KUBERNETES: Final = late(
    r"apiversion|kind"
    r"|\\[uUx][0-9a-fA-F]|\\\n|binary"  # letters as numbers, a word on two lines, a word in base64
    r"|\{\{|\{%|<%|#@",  # Helm and Jinja, ERB, ytt
    re.IGNORECASE,
)
"""What a text has that may be, or make, an object: where it has none of that, it holds none."""

_encode = msgspec.json.encode


class Manifests(Recogniser):
    """Recognises what claims to be a Kubernetes object, or a list of them."""

    names = FileNames((".yaml", ".yml", ".json"), templates=(CHART, KUSTOMIZATION))
    hints = Hints(
        deep="no Kubernetes object is that deep",
        long="write it as JSON (kubectl get -o json), or one object a document",
        large="split it: kubectl get --chunk-size, or one file a namespace",
    )
    look = staticmethod(look)
    """The very function that a document is asked by: its result is at hand then."""

    def survey(self, tree: Tree) -> Survey:
        """Tell the charts and kustomizations of a folder, and which files are patches."""
        return survey(tree)

    def reader(self, ledger: Ledger) -> ManifestReader:
        """Begin a file."""
        return ManifestReader(ledger)

    def may_be_in(self, text: str) -> bool:
        """Return whether a text that can't be parsed may hold an object of Kubernetes.

        An object says its ``apiVersion`` and its ``kind``. They may be written otherwise than in
        plain letters, and a template may bring them in: then nobody knows.
        """
        return _OF_KUBERNETES.search(text) is not None

    def explained(self, error: Unreadable, text: str) -> Unreadable:
        """Tell text that is not YAML because Helm was to make YAML of it."""
        if "{{" not in text or error.cause is not GapCause.MALFORMED:
            return error
        return Unreadable(
            GapCause.UNSUPPORTED,
            f"looks like a Helm template that was not rendered ({error.detail})",
            "helm template NAME CHART | auditor scan -",
            error.line,
        )


MANIFESTS: Final = Manifests()


def _patch_alone(line: int) -> Unreadable:
    """What is said of a patch that no kustomization lists: what it comes to is not known."""
    return Unreadable(
        GapCause.UNSUPPORTED,
        "a patch: the object that it changes was not read with it",
        "kubectl kustomize DIR | auditor scan -",
        line,
    )


class ManifestReader:
    """Takes Kubernetes objects out of the documents of one file."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._maker = Maker(ledger.source, partial=ledger.partial)
        self._json = JsonObjects(ledger, self._maker)

    def objects(self, document: Document) -> Generator[Resource, None, bool]:
        """Take a document apart; see :class:`collectors.documents.recognise.DocumentReader`."""
        if isinstance(document, JsonDocument):
            found = yield from self._json.objects(document)
        else:
            found = yield from self._of_value(document)
        for line in self._maker.patches:
            self._ledger.add(_patch_alone(line))
        self._maker.patches.clear()
        return found

    def _of_value(self, document: Document) -> Generator[Resource, None, bool]:
        inside = objects_of(document.value)
        while True:
            try:
                item, pointer = next(inside)
            except StopIteration as end:
                return bool(end.value)
            line = document.line_of(pointer) if pointer else document.line
            if item is None:
                self._ledger.skip(line)
            elif isinstance(item, Unreadable):
                self._ledger.add(item.at(line))
            else:
                try:
                    number = document.number(pointer)
                    yield self._maker.make(item, _encode(item), number, line, clean=True)
                except Unreadable as error:
                    if error.pointer:
                        error.at(document.line_of(pointer + error.pointer))
                    self._ledger.add(error)

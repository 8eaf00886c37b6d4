"""Settings of managed clusters, of which no API server tells, as providers' programs print them.

=========  =====================================================  ==============================
provider   command                                                told by
=========  =====================================================  ==============================
EKS        ``aws eks describe-cluster --name C``                  an ARN of eks
GKE        ``gcloud container clusters describe C``               a link to container.googleapis.com
AKS        ``az monitor diagnostic-settings list --resource ID``  an id of a managedCluster
=========  =====================================================  ==============================

Each in JSON or YAML. What they look like is that of the providers' APIs: EKS ``DescribeCluster``,
GKE v1 ``Cluster``, Azure Monitor ``diagnosticSettings`` (a list, or an object with ``value``).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from typing import Final

import msgspec

from auditor.late import late
from auditor.model.resource import Resource
from collectors.documents.json_file import JsonDocument
from collectors.documents.ledger import Ledger
from collectors.documents.recognise import Document, DocumentReader, FileNames, Recogniser

EKS: Final = "k8s/Cluster.eks.amazonaws.com"
GKE: Final = "k8s/Cluster.container.googleapis.com"
AKS: Final = "k8s/DiagnosticSetting.insights.azure.com"

_ARN: Final = late(r"arn:aws[a-z-]*:eks:[^:]*:[^:]*:cluster/.+")
_LINK: Final = late(r"https://container\.googleapis\.com/v1[^/]*/projects/.+/clusters/[^/]+")
_ID: Final = late(
    r".*/providers/microsoft\.containerservice/managedclusters/([^/]+)"
    r"/providers/microsoft\.insights/diagnosticsettings/.+",
    re.IGNORECASE,
)
_MARKS: Final = late(rb":eks:|container\.googleapis\.com|diagnosticSettings", re.IGNORECASE)
_TEXT_MARKS: Final = late(_MARKS.pattern.decode(), re.IGNORECASE)
Found = tuple[str, str, str, Mapping[str, object]]
"""A kind, a name, where it stands, and what is said."""


class ManagedClusters(Recogniser):
    """Takes what programs of providers print."""

    names = FileNames((".json", ".yaml", ".yml"))

    def may_be_in(self, text: str) -> bool:
        """Return whether a text that can't be parsed may be of a provider."""
        return _TEXT_MARKS.search(text) is not None

    def reader(self, ledger: Ledger) -> DocumentReader:
        """Begin a file."""
        return _Reader(ledger)


class _Reader:
    def __init__(self, ledger: Ledger) -> None:
        self._source = ledger.source

    def objects(self, document: Document) -> Generator[Resource, None, bool]:
        """Take a document; see :class:`collectors.documents.recognise.DocumentReader`."""
        if isinstance(document, JsonDocument) and not _MARKS.search(document.raw):
            return False
        found = list(_found(document.value))
        for kind, name, pointer, body in found:
            number = document.number(pointer)
            yield Resource(
                kind=kind,
                api_version="",
                name=name,
                namespace="",
                uid=f"{self._source}#{number}",
                source=self._source,
                document=number,
                line=document.line_of(pointer) if pointer else document.line,
                body=msgspec.json.encode(body),
            )
        return bool(found)


def _found(value: object) -> Iterator[Found]:
    if isinstance(value, dict):
        cluster = value.get("cluster")
        if isinstance(cluster, dict) and _matches(_ARN, cluster.get("arn")):
            yield EKS, _text(cluster.get("name")), "/cluster", cluster
        elif _matches(_LINK, value.get("selfLink")):
            yield GKE, _text(value.get("name")), "", value
        elif isinstance(value.get("value"), list):
            yield from _settings(value["value"], "/value")
    elif isinstance(value, list):
        yield from _settings(value, "")


def _settings(items: list[object], pointer: str) -> Iterator[Found]:
    for at, item in enumerate(items):
        if isinstance(item, dict) and isinstance(item.get("id"), str):
            named = _ID.fullmatch(item["id"])
            if named is not None:
                name = f"{named[1]}/{_text(item.get('name'))}"
                yield AKS, name, f"{pointer}/{at}", item


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

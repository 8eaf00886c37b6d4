"""What an object only names: a chart, a repository, a manifest that it holds as a text.

A ``HelmRelease`` says which chart is installed, and the pods of the chart stand in a registry.
Nothing of that was read, as nothing of a chart that was not rendered is: one gap an object.
Which kinds those are is a table, ``tables/unread-contents.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from auditor.analysis.facts import plain_kind
from auditor.analysis.paths import Segment, parse_path, walk
from auditor.model.enums import GapCause
from auditor.model.resource import Gap, Resource
from auditor.platforms.kubernetes import kind_name

_TEXT = "write the manifest into a file of its own, and scan that, too"


class ContentsRow(msgspec.Struct, frozen=True):
    """One row of the table: objects of ``kind`` that have one of the paths, and what that means."""

    kind: str
    paths: tuple[tuple[Segment, ...], ...]
    what: str
    hint: str


def contents_from_table(table: Sequence[Mapping[str, object]]) -> tuple[ContentsRow, ...]:
    """Read the validated rows: ``{kind, group, at: [path], what, hint}``."""
    rows = []
    for row in table:
        paths = row["at"]
        if isinstance(paths, Sequence):
            kind = kind_name(str(row["group"]), str(row["kind"]))
            parsed = tuple(parse_path(str(path)) for path in paths)
            rows.append(ContentsRow(kind, parsed, str(row["what"]), str(row["hint"])))
    return tuple(rows)


class Contents:
    """Says of one resource at a time what of it stands elsewhere, or is not read."""

    def __init__(self, rows: Sequence[ContentsRow]) -> None:
        self._rows: dict[str, list[ContentsRow]] = {}
        for row in rows:
            self._rows.setdefault(row.kind, []).append(row)

    def gaps(
        self, resource: Resource, decoded: Callable[[], object], texts: Sequence[str]
    ) -> Iterator[Gap]:
        """Yield one gap, or none; ``texts`` are pointers of manifests that are texts."""
        said, hint = list(self._named(resource, decoded)), _TEXT
        if said:
            hint = said[0].hint
        whats = list(dict.fromkeys(row.what for row in said))
        if texts and not said:
            more = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
            whats.append(f"a manifest is a text, at {texts[0]}{more}")
        if whats:
            name = f"{resource.namespace}/{resource.name}".removeprefix("/")
            detail = f"{plain_kind(resource)} {name}: {'; '.join(whats)}"
            yield Gap("", resource.source, GapCause.UNSUPPORTED, detail, hint, resource.line)

    def _named(self, resource: Resource, decoded: Callable[[], object]) -> Iterator[ContentsRow]:
        for row in self._rows.get(resource.kind, ()):
            reached = (value for path in row.paths for _, value in walk(decoded(), path))
            if any(value not in (None, "", [], {}) for value in reached):
                yield row

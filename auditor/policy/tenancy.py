"""The parameter ``tenant``: by what a namespace is told to be whose, the first that says it first.

::

    tenant=file:teams.yaml,label:team,table

asks the map of namespaces first, then the label ``team`` of the Namespace, then each row of the
table ``tenancy-keys``; a namespace of which none of them says anything is a tenant by itself. It
takes the place of that table, so whatever reads the table knows nothing of parameters. The content
of a map is the table ``tenant-map``: a bundle keeps it with the policy, and no path is read again.

Virtual machines are in no namespace: an attribute or a tag tells whose they are, or where they are
(``pool``, ``folder``, ``machine``: each by itself). Keys of the one leave those of the other as
they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from auditor.errors import UsageError
from auditor.late import late
from auditor.model.policy import Rule
from auditor.policy.suggest import suggestion

TENANT: Final = "tenant"
KEYS: Final = "tenancy-keys"
MAP: Final = "tenant-map"
ABOUT: Final = frozenset(
    {
        *("gpu/Device", "gpu/Reach", "gpu/Share", "gpu/Tenancy", "gpu/Writer", "isolation/Chain"),
        *("network/Reach", "network/Zone"),
    }
)
"""The kinds of facts that tell tenants apart: rules about others have no such parameter."""

Row: TypeAlias = Mapping[str, object]
Tables: TypeAlias = Mapping[str, list[Row]]

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_KEY: Final = late(
    rf"(?=[^/]{{1,253}}/|[^/]+$)(?:{_LABEL}(?:\.{_LABEL})*/)?"
    r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
)
"""The name of a label or an annotation (Kubernetes: a qualified name)."""
NAME_OF_NAMESPACE: Final = late(_LABEL)
PATH: Final = late(r"(?:/[^/\x00-\x1f\x7f]+)+")
"""Where things are in an inventory; what is below is meant as well."""
MARKS: Final = ("label", "annotation", "pod-label")
ATTRIBUTE: Final = "attribute"
"""One that machines have beside their configuration."""
TAG: Final = "tag"
"""A category of tags, of which a machine may have one."""
PLACE: Final = "place"
MACHINE: Final = "machine"
PLACES: Final = ("pool", "folder", MACHINE)
FILE: Final = "file"
TABLE: Final = "table"
NAMESPACE: Final = "namespace"
RESERVED: Final = frozenset({TABLE, NAMESPACE, *PLACES})
"""What no row of the table may be called."""
_OF: Final = MappingProxyType(
    {NAMESPACE: frozenset({*MARKS, FILE}), MACHINE: frozenset({ATTRIBUTE, TAG, PLACE, FILE})}
)
"""The keys of each, by what stands for itself in the end."""
MAP_ROW: Final[Row] = MappingProxyType({"of": FILE, "name": f"tables/{MAP}.yaml"})
_HINT: Final = (
    "as label:KEY, annotation:KEY, file:PATH, pod-label:KEY, namespace, table, or {}; of machines "
    "attribute:NAME, tag:CATEGORY, pool, folder, machine; several are asked in turn: "
    "file:teams.yaml,label:team"
)


def tells_tenants(rules: Iterable[Rule]) -> bool:
    """Say whether any of the rules is about tenants."""
    return any(not ABOUT.isdisjoint(rule.applies_to) for rule in rules)


def words(tables: Tables) -> list[str]:
    """List what the parameter may begin with."""
    ids = [str(row["id"]) for row in tables.get(KEYS, ()) if "id" in row]
    marks = (f"{of}:" for of in (*MARKS, FILE, ATTRIBUTE, TAG))
    return [*ids, TABLE, NAMESPACE, *PLACES, *marks]


def with_tenancy(tables: Tables, text: object | None) -> Tables:
    """Put into the tables by what tenants are told; None leaves it to the tables themselves.

    Raises:
        UsageError: the text says something else.
    """
    if text is not None:
        return {**tables, KEYS: tenancy_rows(text, tables.get(KEYS, ()))}
    if tables.get(MAP):
        return {**tables, KEYS: [MAP_ROW, *tables.get(KEYS, ())]}
    return tables


def tenancy_rows(text: object, table: Sequence[Row]) -> list[Row]:
    """Turn the parameter into rows as the table ``tenancy-keys`` has them.

    Raises:
        UsageError: it is not a list of keys.
    """
    known = {str(row["id"]): row for row in table if "id" in row}
    parts = parts_of(text)
    if not parts:
        raise _wrong(f"{text!r} names nothing", known)
    rows: list[Row] = []
    ended: set[str] = set()
    for part in parts:
        if part in ended:
            raise _wrong(f"{part} is there twice", known)
        if part == NAMESPACE:
            ended.add(part)
            continue
        for row in table if part == TABLE else [_row(part, known)]:
            if row in rows:
                raise _wrong(f"{part} is there twice", known)
            for end in ended:
                if part != TABLE and row["of"] in _OF[end]:
                    raise _wrong(f"what follows {end} is never asked: each has one", known)
            rows.append(row)
        if part == MACHINE:
            ended.add(part)
    if sum(row["of"] == FILE for row in rows) > 1:
        raise UsageError("parameter tenant: it names two files", hint="put them into one")
    return [*rows, *_as_they_are(rows, ended, table)]


def _as_they_are(
    rows: Sequence[Row], ended: Collection[str], table: Sequence[Row]
) -> Iterator[Row]:
    """Yield the rows of the table that are of namespaces, or of machines, if none here is."""
    for end, kinds in _OF.items():
        if end not in ended and not any(row["of"] in kinds for row in rows):
            yield from (row for row in table if row["of"] in kinds)


def parts_of(text: object) -> list[str]:
    """Split the parameter at its commas; a profile may have a list.

    Raises:
        UsageError: it is neither a text nor a list of texts.
    """
    parts = text.split(",") if isinstance(text, str) else text
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise UsageError("parameter tenant: not a text", hint=_HINT.format("an id of the table"))
    return [part.strip() for part in parts if part.strip()]


def _row(part: str, known: Mapping[str, Row]) -> Row:
    of, colon, name = part.partition(":")
    if not colon:
        if part in known:
            return known[part]
        if part in PLACES:
            return {"of": PLACE, "name": part}
        close = suggestion(part, (*known, *RESERVED))
        raise _wrong(f"{part!r} is not a key of tenants", known, close)
    free = (FILE, ATTRIBUTE, TAG)
    if of in (*free, *MARKS) and not name:
        raise _wrong(f"nothing follows {part}", known)
    if of in free:
        return {"of": of, "name": name}
    if of not in MARKS:
        raise _wrong(f"{part!r} is not a key of tenants", known, suggestion(of, (*MARKS, *free)))
    if not _KEY.fullmatch(name):
        raise _wrong(f"{name!r} can't be the name of a label or an annotation", known)
    return {"of": of, "name": name}


def _wrong(what: str, known: Iterable[str], close: str = "") -> UsageError:
    hint = _HINT.format(", ".join(known) or "an id of the table")
    return UsageError(f"parameter tenant: {what}", hint=close if close.startswith("did") else hint)

"""``--set tenant=file:PATH``: the map is read once, and is policy from then on.

It becomes a folder of policies with one table, so a bundle holds it, its digest covers it, and
nothing reads the path again. Of the path only the name of the file is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from auditor.errors import UsageError
from auditor.policy.policyset import read_file
from auditor.policy.tenancy import FILE, MAP, TENANT, parts_of

_FOLDER: Final = "tenant-map"


def mapped(
    settings: Sequence[tuple[str, str]], spool: Path | None
) -> tuple[tuple[tuple[str, str], ...], tuple[Path, ...]]:
    """Read the map that settings name: what they say then, and the folder that holds it.

    ``spool`` is where the folder is made; None only checks.

    Raises:
        UsageError: no such file, or it names two.
        PolicyErrors: it is not a map of namespaces to tenants.
    """
    folders: list[Path] = []
    found: list[tuple[str, str]] = []
    for name, value in settings:
        if name != TENANT:
            found.append((name, value))
            continue
        parts = []
        for part in parts_of(value):
            of, _, text = part.partition(":")
            if of == FILE and text:
                folders += _read(Path(text), spool, first=not folders)
                parts.append(f"{FILE}:{Path(text).name}")
            else:
                parts.append(part)
        found.append((name, ",".join(parts)))
    return tuple(found), tuple(folders)


def _read(path: Path, spool: Path | None, *, first: bool) -> list[Path]:
    if not first:
        raise UsageError("parameter tenant: it names two files", hint="put them into one")
    try:
        path.name.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            "parameter tenant: the file's name is not UTF-8", hint="rename it"
        ) from error
    data, problem = read_file(path)
    if problem:
        hint = "a map in YAML or JSON, NAMESPACE: TENANT a line"
        raise UsageError(f"parameter tenant: file {path}: {problem}", hint=hint)
    from auditor.policy.tenant_map import as_table, read_map

    table = as_table(read_map(data, str(path)), str(path))
    if spool is None:
        return []
    folder = spool / _FOLDER
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / f"{MAP}.yaml").write_bytes(table)
    return [folder]

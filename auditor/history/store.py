"""The database of a history: SQLite, one file, one transaction a run.

It holds what bundles say and nothing that follows from it, so that its content is the same in
whatever order they come. It is no evidence: nobody signs it, and whoever can write to it can change
it; the bundles are what stands for a run. A file that is not exactly of our tables is refused, so
that no trigger or view of somebody else is run.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import msgspec

from auditor.errors import AuditorError, IntegrityError, UsageError
from auditor.model.history import FindingSeen, Judging, RunSeen
from auditor.model.results import FINGERPRINTS

APPLICATION: Final = 0x41554448
"""What the head of the file says whose it is: ``AUDH``."""
VERSION: Final = FINGERPRINTS * 100 + 1
"""Of the tables, and of how findings are told apart."""
TABLES: Final = (
    (
        "CREATE TABLE judging (id INTEGER PRIMARY KEY, version TEXT NOT NULL, "
        "profile TEXT NOT NULL, "
        "parameters TEXT NOT NULL, policy TEXT NOT NULL, "
        "rules TEXT NOT NULL, "
        "UNIQUE (version, profile, parameters, policy, rules))"
    ),
    (
        "CREATE TABLE run (id INTEGER PRIMARY KEY, manifest TEXT NOT NULL UNIQUE, "
        "run TEXT NOT NULL, "
        "started TEXT NOT NULL, finished TEXT NOT NULL, decision TEXT NOT NULL, key TEXT NOT NULL, "
        "judging INTEGER NOT NULL)"
    ),
    (
        "CREATE TABLE target (run INTEGER NOT NULL, number INTEGER NOT NULL, uri TEXT NOT NULL, "
        "uid TEXT NOT NULL, state TEXT NOT NULL, hidden TEXT NOT NULL, globs TEXT NOT NULL, "
        "PRIMARY KEY (run, number)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE finding (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, "
        "rule TEXT NOT NULL, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, "
        "element TEXT NOT NULL, UNIQUE (fingerprint, rule, kind, namespace, name, element))"
    ),
    (
        "CREATE TABLE seen (run INTEGER NOT NULL, target INTEGER NOT NULL, "
        "finding INTEGER NOT NULL, "
        "verdict TEXT NOT NULL, severity TEXT NOT NULL, owner TEXT NOT NULL, "
        "PRIMARY KEY (run, target, finding)) WITHOUT ROWID"
    ),
)
PATIENCE: Final = 5.0
"""Seconds to wait for another program that has the file locked."""
_T = TypeVar("_T")


class History:
    """A history that is open; see :func:`opened`."""

    def __init__(self, connection: sqlite3.Connection, place: Path) -> None:
        self._connection = connection
        self._place = place

    @classmethod
    @contextmanager
    def opened(cls, place: Path, *, write: bool, patience: float = PATIENCE) -> Iterator[Self]:
        """Open a history; to ``write``, one is made where there is none.

        Raises:
            UsageError: it is none, of a newer version, locked, or can't be written.
            IntegrityError: it is damaged.
        """
        if write and not place.exists():
            _create(place)
        if not place.is_file():
            raise UsageError(f"{place}: no such history", hint="auditor history import makes one")
        address = f"file:{quote(os.fsencode(place.absolute()))}?mode={'rw' if write else 'ro'}"
        connection = None
        try:
            connection = sqlite3.connect(
                address, uri=True, timeout=patience, isolation_level=None, cached_statements=32
            )
            _check(connection, place, write=write)
            yield cls(connection, place)
        except (sqlite3.Error, UnicodeError) as error:
            raise _told(error, place) from error
        finally:
            if connection is not None:
                connection.close()

    def add(self, run: RunSeen) -> bool:
        """Add a run, in one transaction; False if it is there already.

        A key that stands for it is remembered then, where nobody stood for it.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            new = self._add(run)
        except BaseException:  # an interrupt as well leaves no half of a run
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return new

    def _add(self, run: RunSeen) -> bool:
        known = self._connection.execute(
            "SELECT id, key FROM run WHERE manifest = ?", (run.manifest,)
        ).fetchone()
        if known is not None:
            if run.key and not known[1]:
                self._connection.execute("UPDATE run SET key = ? WHERE id = ?", (run.key, known[0]))
            return False
        how = run.judging
        judging = self._id(
            "judging",
            ("version", "profile", "parameters", "policy", "rules"),
            (how.version, how.profile, how.parameters, how.policy, _json(how.rules)),
        )
        number = self._connection.execute(
            "INSERT INTO run (manifest, run, started, finished, decision, key, judging) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(run.manifest, run.run, run.started, run.finished, run.decision, run.key),
                judging,
            ),
        ).lastrowid
        self._connection.executemany(
            "INSERT INTO target VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(number, place, each.uri, each.uid, each.state.value),
                    *(_json(each.hidden), _json(each.globs)),
                )
                for place, each in enumerate(run.targets)
            ],
        )
        for each in run.findings:
            self._see(number, each)
        return True

    def _see(self, run: int | None, found: FindingSeen) -> None:
        finding = self._id(
            "finding",
            ("fingerprint", "rule", "kind", "namespace", "name", "element"),
            (
                *(found.fingerprint, found.rule, found.kind, found.namespace, found.name),
                found.element,
            ),
        )
        self._connection.execute(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?, ?, ?)",
            (run, found.target, finding, found.verdict.value, found.severity.value, found.owner),
        )

    def _id(self, table: str, columns: Sequence[str], values: Sequence[str]) -> int:
        """The number of a row that is there once; no name in the SQL comes from outside."""
        where = " AND ".join(f"{column} = ?" for column in columns)
        found = self._connection.execute(
            f"SELECT id FROM {table} WHERE {where}",  # noqa: S608 - names of our own
            tuple(values),
        ).fetchone()
        if found is not None:
            return int(found[0])
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        made = self._connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - as above
            tuple(values),
        ).lastrowid
        return int(made or 0)

    def runs(self) -> Iterator[RunSeen]:
        """All runs, oldest first, one at a time.

        Raises:
            IntegrityError: there is something in it that no run says.
        """
        query = (
            "SELECT id, manifest, run, started, finished, decision, key, judging FROM run "
            "ORDER BY finished, manifest"
        )
        for number, *fields, judging in self._connection.execute(query).fetchall():
            values = {
                **dict(zip(_RUN, fields, strict=True)),
                "judging": self._judging(judging),
                "targets": self._targets(number),
                "findings": self._findings(number),
            }
            run = self._made(values, RunSeen)
            if any(not 0 <= each.target < len(run.targets) for each in run.findings):
                raise self._damaged("findings of no target")
            yield run

    def _judging(self, number: int) -> dict[str, Any]:
        row = self._connection.execute(
            "SELECT version, profile, parameters, policy, rules FROM judging WHERE id = ?",
            (number,),
        ).fetchone()
        if row is None:
            raise self._damaged("a run that was judged by nothing")
        *fields, rules = row
        return {**dict(zip(_JUDGING, fields, strict=True)), "rules": self._listed(rules)}

    def _targets(self, run: int) -> list[dict[str, Any]]:
        rows = self._connection.execute(
            "SELECT number, uri, uid, state, hidden, globs FROM target WHERE run = ? "
            "ORDER BY number",
            (run,),
        ).fetchall()
        if [row[0] for row in rows] != list(range(len(rows))):
            raise self._damaged("targets are missing")
        return [
            {
                "uri": uri,
                "uid": uid,
                "state": state,
                "hidden": self._listed(hidden),
                "globs": self._listed(globs),
            }
            for _, uri, uid, state, hidden, globs in rows
        ]

    def _findings(self, run: int) -> list[dict[str, Any]]:
        rows = self._connection.execute(
            "SELECT seen.target, fingerprint, rule, kind, namespace, name, element, verdict, "
            "severity, owner FROM seen LEFT JOIN finding ON finding.id = seen.finding "
            "WHERE run = ? ORDER BY seen.target, fingerprint, name",
            (run,),
        )
        return [dict(zip(FindingSeen.__struct_fields__, row, strict=True)) for row in rows]

    def _listed(self, text: object) -> object:
        if not isinstance(text, str):
            raise self._damaged("a list that is none")
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise self._damaged(str(error)) from error

    def _made(self, values: object, kind: type[_T]) -> _T:
        try:
            return msgspec.convert(values, kind)
        except msgspec.ValidationError as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, what: str) -> IntegrityError:
        return IntegrityError(f"{self._place}: {what}", hint=_AGAIN)


_RUN: Final = tuple(RunSeen.__struct_fields__[:6])
_JUDGING: Final = tuple(Judging.__struct_fields__[:4])
_AGAIN: Final = "make it again of the bundles: auditor history import BUNDLE... --to NEW"
_WAIT: Final = "another auditor history import may be at work: try again when it is done"


def _create(place: Path) -> None:
    """Make an empty file that nobody else may read: it will tell what is wrong with whom."""
    try:
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise UsageError(
            f"{place}: {error.strerror}", hint="--to names a file in a folder that is there"
        ) from error


def _check(connection: sqlite3.Connection, place: Path, *, write: bool) -> None:
    """That a file is ours, of this version and whole; an empty one becomes so."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    if write:
        connection.execute("BEGIN IMMEDIATE")
        if _schema(connection) == ((), 0, 0):
            for statement in (
                *TABLES,
                f"PRAGMA application_id = {APPLICATION}",
                f"PRAGMA user_version = {VERSION}",
            ):
                connection.execute(statement)
        connection.execute("COMMIT")
    tables, application, version = _schema(connection)
    if application != APPLICATION:
        what = "it is empty" if not tables else "it is the database of another program"
        raise UsageError(f"{place} is no history: {what}", hint="auditor history import makes one")
    if version > VERSION:
        raise UsageError(
            f"{place}: a newer version of auditor wrote it ({version}, this one knows {VERSION})",
            hint="use that version, or import the bundles into a new file",
        )
    if version != VERSION:
        raise UsageError(
            f"{place}: an older version of auditor wrote it ({version}, not {VERSION})", hint=_AGAIN
        )
    if tables != tuple(sorted(TABLES)):
        raise IntegrityError(f"{place}: its tables are not those of a history", hint=_AGAIN)
    found = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != ("ok",):
        raise IntegrityError(f"{place}: it is damaged: {str(found)[:200]}", hint=_AGAIN)


def _schema(connection: sqlite3.Connection) -> tuple[tuple[str, ...], int, int]:
    """What there is in a file: statements that made it, whose it is, of which version."""
    made = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    application = connection.execute("PRAGMA application_id").fetchone()
    version = connection.execute("PRAGMA user_version").fetchone()
    return tuple(sorted(str(row[0]) for row in made)), int(application[0]), int(version[0])


def _told(error: Exception, place: Path) -> AuditorError:
    """An error of SQLite as one of ours."""
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return UsageError(f"{place}: it is locked", hint=_WAIT)
    if code.startswith("SQLITE_NOTADB"):
        return UsageError(
            f"{place} is no history: {error}", hint="auditor history import makes one"
        )
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR")):
        return UsageError(f"{place}: {error}", hint="make it, and its folder, writable")
    return IntegrityError(f"{place}: it is damaged: {error}", hint=_AGAIN)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()

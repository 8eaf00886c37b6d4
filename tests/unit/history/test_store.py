"""The database: whatever order runs come in, and whoever wrote to the file before."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from auditor.errors import AuditorError, IntegrityError, UsageError
from auditor.history.course import trend_of
from auditor.history.store import APPLICATION, VERSION, History
from auditor.model.history import RunSeen
from tests.sweeps import examples, sweep
from tests.unit.history.made import finding, run, runs, target

PATIENCE = 0.05


def kept(place: Path, made: list[RunSeen]) -> list[bool]:
    with History.opened(place, write=True, patience=PATIENCE) as history:
        return [history.add(each) for each in made]


def read(place: Path) -> list[RunSeen]:
    with History.opened(place, write=False, patience=PATIENCE) as history:
        return list(history.runs())


def in_order(made: list[RunSeen]) -> list[RunSeen]:
    """As a history gives them: findings of a run are a set."""
    found = []
    for each in sorted(made, key=lambda one: one.finished):
        findings = sorted(each.findings, key=lambda one: (one.target, one.fingerprint, one.name))
        found.append(msgspec.structs.replace(each, findings=tuple(findings)))
    return found


@given(made=runs())
@settings(examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_gives_one_content(made: list[RunSeen], tmp_path: Path) -> None:
    for number, order in enumerate((made, list(reversed(made)), [*made, *made])):
        place = tmp_path / f"{number}.db"
        place.unlink(missing_ok=True)
        kept(place, order)
        assert read(place) == in_order(made)
        assert trend_of(read(place)) == trend_of(made)


def test_the_same_twice_changes_no_byte(tmp_path: Path) -> None:
    place = tmp_path / "h.db"
    assert kept(place, [run(1, finding(0, "r1", "x"))]) == [True]
    before = place.read_bytes()
    assert kept(place, [run(1, finding(0, "r1", "x"))]) == [False]
    assert place.read_bytes() == before


@pytest.mark.parametrize("keys", [("", "k"), ("k", ""), ("k", "k")])
def test_a_key_that_stands_for_it_is_remembered(tmp_path: Path, keys: tuple[str, str]) -> None:
    place = tmp_path / "h.db"
    kept(place, [run(1, key=key) for key in keys])
    assert [each.key for each in read(place)] == ["k"]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    kept(tmp_path / "h.db", [run(1)])
    assert (tmp_path / "h.db").stat().st_mode & 0o777 == 0o600


def test_a_run_that_can_not_be_added_leaves_nothing(tmp_path: Path) -> None:
    place = tmp_path / "h.db"
    kept(place, [run(1, finding(0, "r1", "x"))])
    broken = run(2, finding(0, "r1", "y"), msgspec.structs.replace(finding(0, "r1", "z"), name=7))
    unreadable = msgspec.structs.replace(broken, findings=(*broken.findings, None))  # type: ignore[arg-type]  # what fails
    with pytest.raises(AttributeError):
        kept(place, [unreadable])
    assert [each.manifest for each in read(place)] == [run(1).manifest]


def sql(*statements: str) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        with sqlite3.connect(place, isolation_level=None) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()

    return change


def written(data: bytes) -> Callable[[Path], None]:
    return lambda place: (place.write_bytes(data), None)[1]


def cut(place: Path) -> None:
    data = place.read_bytes()
    place.write_bytes(data[: len(data) // 2])


def garbage(place: Path) -> None:
    data = bytearray(place.read_bytes())
    data[4096:12288] = b"\xa5" * 8192
    place.write_bytes(bytes(data))


HOSTILE: dict[str, tuple[Callable[[Path], None], type[AuditorError], str, str]] = {
    "no database": (written(b"not one" * 99), UsageError, "is no history", "makes one"),
    "an empty file": (written(b""), UsageError, "it is empty", "makes one"),
    "of another program": (
        sql("PRAGMA application_id = 7"), UsageError, "another program", "makes one",
    ),
    "a newer version": (
        sql(f"PRAGMA user_version = {VERSION + 1}"), UsageError, "a newer version", "that version",
    ),
    "an older version": (
        sql("PRAGMA user_version = 101"), UsageError, "an older version", "make it again",
    ),
    "cut short": (cut, IntegrityError, "it is damaged", "make it again"),
    "pages overwritten": (garbage, IntegrityError, "it is damaged", "make it again"),
    "a trigger": (
        sql("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM seen; END"),
        IntegrityError, "its tables are not those", "make it again",
    ),
    "a view in place of a table": (
        sql("ALTER TABLE seen RENAME TO other", "CREATE VIEW seen AS SELECT * FROM other"),
        IntegrityError, "its tables are not those", "make it again",
    ),
    "a column more": (
        sql("ALTER TABLE run ADD COLUMN more TEXT"),
        IntegrityError, "its tables are not those", "make it again",
    ),
    "a verdict that is none": (
        sql("UPDATE seen SET verdict = 'fine'"), IntegrityError, "verdict", "make it again",
    ),
    "a number for a text": (
        sql("UPDATE finding SET name = x'00ff'"), IntegrityError, "name", "make it again",
    ),
    "a text that is no text": (
        sql("UPDATE finding SET name = CAST(x'ff' AS TEXT)"),
        IntegrityError, "it is damaged", "make it again",
    ),
    "a list that is none": (
        sql("UPDATE target SET hidden = '[' "), IntegrityError, "h.db", "make it again",
    ),
    "findings of no target": (
        sql("UPDATE seen SET target = 9"), IntegrityError, "of no target", "make it again",
    ),
    "findings that are gone": (sql("DELETE FROM finding"), IntegrityError, "", "make it again"),
    "a target that is gone": (
        sql("DELETE FROM target WHERE number = 0"),
        IntegrityError, "targets are missing", "make it again",
    ),
    "a run that was judged by nothing": (
        sql("DELETE FROM judging"), IntegrityError, "judged by nothing", "make it again",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("history") / "h.db"
    made = [
        run(day, *(finding(day % 2, "r1", f"x{n}") for n in range(20)),
            targets=(target(0), target(1)))
        for day in range(1, 20)
    ]  # fmt: skip
    kept(place, made)
    return place


@pytest.mark.parametrize(("spoil", "kind", "what", "hint"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_not_as_we_left_it(
    whole: Path, tmp_path: Path,
    spoil: Callable[[Path], None], kind: type[AuditorError], what: str, hint: str,
) -> None:  # fmt: skip
    place = tmp_path / "h.db"
    shutil.copyfile(whole, place)
    spoil(place)
    with pytest.raises(kind) as caught:
        read(place)
    assert what in str(caught.value)
    assert hint in caught.value.hint


def test_one_that_is_locked_is_said_to_be(whole: Path, tmp_path: Path) -> None:
    place = tmp_path / "h.db"
    shutil.copyfile(whole, place)
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for write in (False, True):
        with (
            pytest.raises(UsageError, match="it is locked") as caught,
            History.opened(place, write=write, patience=PATIENCE),
        ):
            pass
        assert "try again" in caught.value.hint
    other.close()
    assert len(read(place)) == 19


def test_places_where_there_can_be_none(tmp_path: Path) -> None:
    for place, write, what in (
        (tmp_path / "no.db", False, "no such history"),
        (tmp_path, True, "no such history"),
        (tmp_path / "no" / "h.db", True, "No such file"),
    ):
        with (
            pytest.raises(UsageError, match=what),
            History.opened(place, write=write, patience=PATIENCE),
        ):
            pass


def test_a_name_says_nothing_to_sqlite(tmp_path: Path) -> None:
    place = tmp_path / "a?mode=memory&x#y%41.db"
    kept(place, [run(1)])
    assert len(read(place)) == 1
    assert [each.name for each in tmp_path.iterdir()] == [place.name]


@sweep(40, 2000)
def test_bytes_that_chance_changed_are_read_or_refused(
    whole: Path, tmp_path: Path, size: int
) -> None:
    """Whatever stands in the file: an error of ours, or runs of the right form."""
    data = whole.read_bytes()
    place = tmp_path / "h.db"
    chance = random.Random(7)
    hints = []
    for _ in range(size):
        spoiled = bytearray(data)
        for _ in range(chance.choice((1, 3, 40))):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        place.write_bytes(bytes(spoiled))
        try:
            trend_of(read(place))
        except AuditorError as error:
            hints.append(error.hint)
    assert hints
    assert all(hints)


def test_whose_it_is_stands_in_the_head(whole: Path) -> None:
    """So that ``file`` and others can tell: SQLite's offset 68."""
    assert whole.read_bytes()[68:72] == APPLICATION.to_bytes(4, "big") == b"AUDH"

"""A storage that refuses, throttles and hangs up: what is said, what is left, what is kept."""

from __future__ import annotations

import multiprocessing
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from auditor.cli.apart import Apart
from auditor.cli.places import Stored, fetched, put_bundle
from auditor.config import StorageConfig
from auditor.errors import RenderError, UsageError
from auditor.storage.s3 import S3, WHOLE
from tests.e2e.command import Ran
from tests.e2e.signed import filled, ran
from tests.storage.server import (
    BUCKET,
    SECRETS,
    Asked,
    Reply,
    Storage,
    error,
    kept_in,
    refusing,
    serving,
)

PLACE = f"s3://{BUCKET}/a/b.zip"
SLOW = error(503, "SlowDown")
CUT = Reply(cut=0)
WRITING: Final = {
    "refused": (error(403, "AccessDenied"), "refused (AccessDenied)", "s3:PutObject"),
    "refused without a word": (Reply(403), "refused (status 403)", "s3:PutObject"),
    "no such key": (error(403, "InvalidAccessKeyId"), "InvalidAccessKeyId", "AWS_PROFILE"),
    "signed in too long ago": (error(400, "ExpiredToken"), "ExpiredToken", "sign in again"),
    "elsewhere": (error(301, "PermanentRedirect"), "in another region", "AWS_REGION="),
    "elsewhere, and where": (
        error(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"),
        "in another region",
        "AWS_REGION=eu-west-1",
    ),
    "throttled": (SLOW, "SlowDown", "try again later"),
    "hung up": (CUT, "no whole answer", "AWS_ENDPOINT_URL"),
    "a page in its place": (Reply(200, b"<html>kanari</html>"), "no whole answer", "reachable"),
    "no storage": (Reply(501), "it answered 501", "127.0.0.1"),
    "nothing of the kind": (Reply(404, b"<html>"), "it answered 404", "an S3 storage?"),
    "busy": (Reply(503), "it answered 503", "try again later"),
    "a condition of its own": (Reply(412), "it answered 412", "an S3 storage?"),
}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = filled(tmp_path_factory.mktemp("keyed"))
    assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
    return folder


@pytest.fixture
def storage() -> Iterator[Storage]:
    with serving() as found:
        yield found


@pytest.fixture
def store(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Apart:
    """As a command has it; the library reads who asks itself."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return Apart(partial(S3, StorageConfig(endpoint=storage.url, has_key=True)))


def scan(keyed: Path, storage: Storage, temporary: Path, *options: str) -> Ran:
    given = ("scan", "pod.yaml", "--key", "k.pem", *options)
    settings = {**storage.environment, "TMPDIR": str(temporary)}
    found = ran(keyed, *given, env=settings, process=True)
    for secret in SECRETS.values():
        assert secret not in found.out + found.err
    return found


@pytest.mark.parametrize(("reply", "said", "hint"), WRITING.values(), ids=WRITING)
def test_what_can_not_be_begun(
    storage: Storage, store: Apart, reply: Reply, said: str, hint: str
) -> None:
    storage.fault = refusing("POST", reply)
    with pytest.raises(RenderError) as found:
        store.try_writing(PLACE, replace=True)
    assert (said in found.value.message, hint in found.value.hint) == (True, True), found.value
    assert not any(secret in str(found.value) for secret in SECRETS.values())
    assert storage.objects == {}


def test_what_is_only_slow_for_a_while_is_waited_for(storage: Storage, store: Apart) -> None:
    storage.fault = refusing("POST", SLOW, times=2)
    store.try_writing(PLACE, replace=True)
    assert [each.method for each in storage.asked] == ["POST", "POST", "POST", "DELETE"]
    assert storage.uploads == {}


def test_who_only_writes_is_not_asked_to_read(storage: Storage, store: Apart) -> None:
    """A right to put is enough, also where nothing tells whether something is there."""
    storage.fault = refusing("HEAD", Reply(403))
    store.try_writing(PLACE, replace=False)


def test_a_bundle_that_does_not_arrive_is_kept_here(
    keyed: Path, storage: Storage, tmp_path: Path
) -> None:
    """It could be begun, and was refused at the end: the audit is not for nothing."""
    storage.fault = refusing("PUT", error(403, "AccessDenied"))
    found = scan(keyed, storage, tmp_path, "-q", "--output", PLACE)
    assert found.code == 2
    assert (
        f"{PLACE} at {storage.host}: refused (AccessDenied); it was not stored there" in found.err
    )
    kept = tmp_path / kept_in(tmp_path)[0]
    assert f"kept as {kept}" in found.err
    assert kept_in(tmp_path) == [kept.name]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert ran(keyed, "verify", kept).code == 3
    assert storage.objects == {}


def test_a_report_that_does_not_arrive_takes_the_others_with_it(
    keyed: Path, storage: Storage, tmp_path: Path
) -> None:
    """What was stored before it is named; no file is written."""
    storage.fault = lambda asked: CUT if (asked.method, asked.key) == ("PUT", "2.html") else None
    one, two = f"s3://{BUCKET}/1.json", f"s3://{BUCKET}/2.html"
    outputs = ("-o", f"json={one}", "-o", f"html={two}", "-o", f"csv={tmp_path / 'r.csv'}")
    found = scan(keyed, storage, tmp_path, "-q", *outputs)
    assert found.code == 2
    assert f"{two} at {storage.host}: no whole answer" in found.err
    assert f"stored before: {one}" in found.err
    assert set(storage.objects) == {"1.json"}
    assert kept_in(tmp_path) == []


def large(folder: Path, size: int = WHOLE + 1) -> Path:
    place = folder / "large"
    with place.open("wb") as file:
        file.truncate(size)
    return place


def test_what_is_large_goes_in_parts_and_comes_back(
    storage: Storage, store: Apart, tmp_path: Path
) -> None:
    with large(tmp_path).open("rb") as file:
        store.put(file, PLACE, replace=False)
    assert storage.uploads == {}
    assert len([each for each in storage.asked if "partNumber" in each.query]) == 5
    with (tmp_path / "back").open("wb") as file:
        store.get(PLACE, file, 1 << 30)
    assert (tmp_path / "back").stat().st_size == WHOLE + 1


@pytest.mark.parametrize("reply", [SLOW, CUT, error(403, "AccessDenied")])
def test_parts_of_what_fails_are_given_up(
    storage: Storage, store: Apart, tmp_path: Path, reply: Reply
) -> None:
    def fault(asked: Asked) -> Reply | None:
        return reply if asked.query.get("partNumber") == ["3"] else None

    storage.fault = fault
    with large(tmp_path).open("rb") as file, pytest.raises(RenderError):
        store.put(file, PLACE, replace=False)
    assert (storage.objects, storage.uploads) == ({}, {})


def test_parts_of_what_is_interrupted_are_given_up(
    storage: Storage, store: Apart, tmp_path: Path
) -> None:
    def fault(asked: Asked) -> Reply | None:
        if asked.query.get("partNumber") == ["2"]:
            for each in multiprocessing.active_children():
                each.terminate()
        return None

    storage.fault = fault
    with (
        large(tmp_path, 200 << 20).open("rb") as file,
        pytest.raises(RenderError, match="ended without an answer"),
    ):
        store.put(file, PLACE, replace=False)
    assert (storage.objects, storage.uploads) == ({}, {})


def test_somebody_who_was_faster_keeps_the_place(storage: Storage, store: Apart) -> None:
    storage.objects["a/b.zip"] = b"theirs"
    with Path(__file__).open("rb") as file, pytest.raises(UsageError, match="it is there already"):
        store.put(file, PLACE, replace=False)
    assert storage.objects == {"a/b.zip": b"theirs"}


READING: Final = {
    "refused": (error(403, "AccessDenied"), "s3:GetObject"),
    "throttled": (SLOW, "try again later"),
    "cut": (Reply(206, b"x" * 100, {"ETag": '"x"', "Content-Range": "bytes 0-9/10"}, 5), ""),
    "another in between": (error(412, "PreconditionFailed"), "try again"),
    "less than was promised": (
        Reply(206, b"x", {"ETag": '"x"', "Content-Range": "bytes 0-0/10"}),
        "",
    ),
}


@pytest.mark.parametrize(("reply", "hint"), READING.values(), ids=READING)
def test_what_can_not_be_read(
    storage: Storage, store: Apart, tmp_path: Path, reply: Reply, hint: str
) -> None:
    storage.objects["a/b.zip"] = b"0123456789"
    storage.fault = refusing("GET", reply)
    with (tmp_path / "x").open("wb") as file, pytest.raises(UsageError) as found:
        store.get(PLACE, file, 1 << 20)
    assert re.match(rf"{PLACE}( at {storage.host})?: ", found.value.message), found.value
    assert hint in found.value.hint
    assert not any(secret in str(found.value) for secret in SECRETS.values())


LOOKED_AT: Final = {
    "no version": (Reply(200, b"x", {"Last-Modified": "Mon, 30 Nov 2026 12:00:00 GMT"}), "no ETag"),
    "no storage": (Reply(501), "it answered 501"),
    "not there": (Reply(404), "there is no such bucket or object"),
    "a condition of its own": (Reply(412), "it answered 412"),
}


@pytest.mark.parametrize(("reply", "said"), LOOKED_AT.values(), ids=LOOKED_AT)
def test_what_is_no_storage_at_first_sight(
    storage: Storage, store: Apart, tmp_path: Path, reply: Reply, said: str, capfd: Any
) -> None:
    """Before anything of it is read: who answered is named, and asked about."""
    storage.fault = refusing("HEAD", reply)
    with (tmp_path / "x").open("wb") as file, pytest.raises(UsageError) as found:
        store.get(PLACE, file, 1 << 20)
    assert found.value.message.startswith(f"{PLACE} at {storage.host}: ")
    assert said in found.value.message
    assert found.value.hint.endswith(f"is {storage.host} an S3 storage?")
    assert capfd.readouterr() == ("", "")
    assert {each.method for each in storage.asked} == {"HEAD"}


def test_what_is_too_large_is_not_begun(storage: Storage, store: Apart, tmp_path: Path) -> None:
    storage.objects["a/b.zip"] = b"0123456789"
    with (tmp_path / "x").open("wb") as file, pytest.raises(UsageError, match="10 bytes"):
        store.get(PLACE, file, 9)
    assert [each.method for each in storage.asked] == ["HEAD"]


def test_a_pattern_is_all_pages_sorted_and_bounded(storage: Storage, store: Apart) -> None:
    names = [f"a/part-{number}.zip" for number in (2, 0, 1, 10)]
    storage.objects = dict.fromkeys((*names, "a/part-0.txt", "a/x/part-3.zip", "b/part-1.zip"), b"")
    pattern = f"s3://{BUCKET}/a/part-*.zip"
    assert store.matching(pattern, 4) == [f"s3://{BUCKET}/{name}" for name in sorted(names)]
    assert len([each for each in storage.asked if "list-type" in each.query]) > 1
    with pytest.raises(UsageError, match="more than 3 objects"):
        store.matching(pattern, 3)
    storage.fault = refusing("GET", error(403, "AccessDenied"))
    with pytest.raises(UsageError) as found:
        store.matching(pattern, 3)
    assert found.value.hint == "it needs s3:ListBucket"


def test_nothing_is_left_of_what_was_fetched(storage: Storage, keyed: Path, tmp_path: Path) -> None:
    storage.objects["a/b.zip"] = b"no archive"
    settings = {**storage.environment, "TMPDIR": str(tmp_path)}
    found = ran(keyed, "report", PLACE, env=settings)
    assert (found.code, "auditor writes no such archive" in found.err) == (4, True), found.err
    assert kept_in(tmp_path) == []


def foreign() -> set[int]:
    """Threads of this process that no Python started: a library's own."""
    tasks = {int(each.name) for each in Path("/proc/self/task").iterdir()}
    return tasks - {each.native_id for each in threading.enumerate()}


def test_a_storage_is_asked_in_a_process_that_ends(storage: Storage, store: Apart) -> None:
    """No thread of the library is in this process, from which workers are forked.

    The storage answers each connection in a thread of its own, which may still be ending.
    """
    del storage
    before = foreign()
    store.try_writing(PLACE, replace=True)
    until = time.monotonic() + 10
    while not foreign() <= before:
        assert time.monotonic() < until, "a thread of the library stays"
        time.sleep(0.02)
    assert multiprocessing.active_children() == []


def test_what_has_no_room_here_is_said(storage: Storage, store: Apart) -> None:
    storage.objects["a/b.zip"] = b"0" * (1 << 20)
    with Path("/dev/full").open("wb") as file, pytest.raises(RenderError, match="No space left"):
        store.get(PLACE, file, 1 << 30)


def test_a_place_is_a_file_from_then_on(
    storage: Storage, store: Apart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", storage.url)
    del store
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "b.zip").write_bytes(b"whole")
    put_bundle(Stored(PLACE), tmp_path / "run" / "b.zip")
    copy = fetched(Stored(PLACE), tmp_path)
    assert (copy.read_bytes(), copy.parent.stat().st_mode & 0o777) == (b"whole", 0o700)

"""Keys on a token, and times that an authority attests: real ones, by SoftHSM and openssl."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.evidence.envelope import Signed, decode, encode
from tests.e2e.command import ROOT, Ran, auditor
from tests.engines.softhsm import LABEL, PIN, SoftHsm
from tests.live.authority import Authority, stamping
from tests.unit.evidence.bundles import POD, REPORT

HSM = f"hsm:2?label={LABEL}"
NOW = datetime.now(UTC)


def ran(folder: Path, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Ran:
    """Run a command; the library of a token is set up once in a process: that is one of its own."""
    return auditor(
        *arguments,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), **(env or {})},
        process=env is not None,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pod.yaml").write_text(POD)
    return tmp_path


def scan(folder: Path, place: str, *options: str, env: Mapping[str, str] | None = None) -> Ran:
    return ran(folder, "scan", "pod.yaml", "-q", "--output", place, *options, env=env)


def test_a_token_signs(softhsm: SoftHsm, folder: Path) -> None:
    token = {**softhsm.token(folder), "AUDITOR_PASSPHRASE": PIN}
    done = scan(folder, "b", "--key", HSM, env=token)
    assert (done.code, done.err) == (1, "")
    (folder / "k.pub").write_text(ran(folder, "keys", "export", HSM, env=token).out)
    assert ran(folder, "verify", "b", "--key", "k.pub").code == 0
    for path in (folder / "b").rglob("*"):
        assert path.is_dir() or PIN.encode() not in path.read_bytes()


def test_a_pin_from_a_descriptor(softhsm: SoftHsm, folder: Path) -> None:
    """The token is asked more than once, a pipe can be read once."""
    reading, writing = os.pipe()
    os.write(writing, f"{PIN}\n".encode())
    os.close(writing)
    command = [sys.executable, "-m", "auditor", "scan", "pod.yaml", "-q", "--output", "b"]
    done = subprocess.run(
        [*command, "--key", HSM, "--passphrase-fd", str(reading)],
        pass_fds=[reading], cwd=folder, check=False, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **softhsm.token(folder)},
    )  # fmt: skip
    os.close(reading)
    assert (done.returncode, done.stderr) == (1, b"")


WRONG = {
    "a negative id": ("hsm:-1", {"AUDITOR_PASSPHRASE": PIN}, "'-1' is not an id of a key"),
    "a word for an id": ("hsm:x", {"AUDITOR_PASSPHRASE": PIN}, "'x' is not an id of a key"),
    "no text": (HSM, {"AUDITOR_PASSPHRASE": "\udcff"}, "it is not text in UTF-8"),
    "a wrong PIN": (HSM, {"AUDITOR_PASSPHRASE": "0000"}, "PinIncorrect"),
    "no PIN": (HSM, {}, "there is no pin"),
    "no such token": ("hsm:2?label=other", {"AUDITOR_PASSPHRASE": PIN}, "No PKCS#11 token found"),
    "no such key": (f"hsm:9?label={LABEL}", {"AUDITOR_PASSPHRASE": PIN}, "could not find ECDSA"),
    "no module": (HSM, {"AUDITOR_PASSPHRASE": PIN, "PYKCS11LIB": "/none.so"}, "hsm:2"),
    "no module named": (HSM, {"AUDITOR_PASSPHRASE": PIN, "PYKCS11LIB": ""}, "PYKCS11LIB"),
}


@pytest.mark.parametrize(("uri", "env", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_token(
    softhsm: SoftHsm, folder: Path, uri: str, env: dict[str, str], says: str
) -> None:
    done = scan(folder, "b", "--key", uri, env={**softhsm.token(folder), **env})
    assert done.code == 2, done
    assert says in done.err
    assert PIN not in done.err
    assert not (folder / "b").exists()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with stamping(tmp_path_factory.mktemp("tsa") / "it") as made:
        yield made


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with stamping(tmp_path_factory.mktemp("tsa") / "other") as made:
        yield made


@pytest.fixture(scope="module")
def stamped_once(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Path:
    folder = tmp_path_factory.mktemp("stamped")
    (folder / "pod.yaml").write_text(POD)
    assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
    (folder / "k.pub").write_text(ran(folder, "keys", "export", "k.pem").out)
    done = scan(folder, "b", "--key", "k.pem", "--tsa", authority.url)
    assert (done.code, done.err) == (1, "")
    shutil.copy(authority.root, folder / "tsa.pem")
    return folder


@pytest.fixture
def stamped(stamped_once: Path, tmp_path: Path) -> Path:
    """A folder with a bundle that was signed and stamped a moment ago."""
    return Path(shutil.copytree(stamped_once, tmp_path, dirs_exist_ok=True))


def verified(
    folder: Path, trust: str, after: timedelta = timedelta()
) -> tuple[int, dict[str, str]]:
    """The exit code, and what each step says, so long after now."""
    (folder / "trust.yaml").write_text(trust)
    moment = (datetime.now(UTC) + after).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = ran(folder, "verify", "b", "--trust", "trust.yaml", "--json", "--at", moment)
    steps = json.loads(done.out)["steps"]
    return done.code, {step["name"]: step["detail"] for step in steps}


def day(after: int) -> str:
    return (NOW + timedelta(days=after)).strftime("%Y-%m-%d")


KEY = "keys:\n- name: builder\n  file: k.pub\n"
STAMPS = "timestamps: [{file: tsa.pem}]\n"
YEARS = timedelta(days=700)
TIMES = {
    "now": (f"{KEY}{STAMPS}", timedelta(), 0, "as a trusted authority says"),
    "the key ended since": (
        f"{KEY}  valid-until: {day(30)}\n{STAMPS}", YEARS, 0, "as a trusted authority says",
    ),
    "the key ended since, and nobody attests when it signed": (
        f"{KEY}  valid-until: {day(30)}\n", YEARS, 4, "the key was valid until",
    ),
    "revoked since": (
        f"{KEY}  revoked: {{at: {day(30)}}}\n{STAMPS}", YEARS, 0, "as a trusted authority says",
    ),
    "revoked before": (
        f"{KEY}  revoked: {{at: {day(-30)}}}\n{STAMPS}", YEARS, 4, "the key was revoked at",
    ),
    "required and there": (
        f"{KEY}{STAMPS}require-timestamp: true\n", YEARS, 0, "as a trusted authority says",
    ),
    "a clock that was set back": (f"{KEY}{STAMPS}", -YEARS, 4, "signed in the future"),
}  # fmt: skip


@pytest.mark.parametrize(("trust", "after", "code", "says"), TIMES.values(), ids=TIMES.keys())
def test_the_time_of_the_token_decides(
    stamped: Path, trust: str, after: timedelta, code: int, says: str
) -> None:
    found, steps = verified(stamped, trust, after)
    assert found == code, steps
    assert says in steps["TIME"]


def test_a_token_of_a_stranger_does_not_count(stamped: Path, stranger: Authority) -> None:
    """Also when it brings certificates of its own along."""
    shutil.copy(stranger.root, stamped / "tsa.pem")
    code, steps = verified(stamped, f"{KEY}{STAMPS}")
    assert (code, "its time stamp does not count" in steps["TIME"]) == (0, True), steps
    code, steps = verified(stamped, f"{KEY}{STAMPS}require-timestamp: true\n")
    assert (code, "no time stamp of a trusted authority" in steps["TIME"]) == (4, True)


def restamped(folder: Path, name: str, *tokens: bytes) -> None:
    """Put other tokens on a statement, as anybody can."""
    path = folder / "b" / name
    found = decode(name, path.read_bytes())
    path.write_bytes(encode(Signed(found.payload, found.keyid, found.signature, tokens)))


def token_of(folder: Path, name: str) -> bytes:
    (token,) = decode(name, (folder / "b" / name).read_bytes()).timestamps
    return token


TESTS = "attestations/test-result.sigstore.json"
RESTAMPED: Mapping[str, tuple[Callable[[Path], object], str, str]] = {
    "no token": (lambda f: restamped(f, REPORT), "TIME", "it has no time stamp, the other one has"),
    "no token on the other one": (
        lambda f: restamped(f, TESTS), "TIME", "it has no time stamp, the other one has",
    ),
    "garbage": (lambda f: restamped(f, REPORT, b"garbage"), "TIME", "its time stamp"),
    "garbage on the other one": (
        lambda f: restamped(f, TESTS, b"a hidden message"), "TIME", "its time stamp",
    ),
    "many": (lambda f: restamped(f, REPORT, *[b"x"] * 50), "FORM", "50 time stamps, not one"),
    "the token of the other one": (
        lambda f: restamped(f, REPORT, token_of(f, TESTS)), "TIME", "about something else",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "step", "says"), RESTAMPED.values(), ids=RESTAMPED.keys())
def test_tokens_that_somebody_else_put_there(
    stamped: Path, change: Callable[[Path], object], step: str, says: str
) -> None:
    change(stamped)
    code, steps = verified(stamped, f"{KEY}{STAMPS}")
    assert (code, says in steps[step]) == (4, True), steps


def test_tokens_that_were_taken_away(stamped: Path) -> None:
    """From both it can't be seen, and that is said; unless one is required."""
    restamped(stamped, REPORT)
    restamped(stamped, TESTS)
    code, steps = verified(stamped, f"{KEY}{STAMPS}")
    assert (code, "only noticed with require-timestamp" in steps["TIME"]) == (0, True), steps
    code, steps = verified(stamped, f"{KEY}{STAMPS}require-timestamp: true\n")
    assert (code, "no time stamp of a trusted authority" in steps["TIME"]) == (4, True), steps


def test_a_token_of_another_signature_is_an_error(stamped: Path, authority: Authority) -> None:
    assert scan(stamped, "c", "--key", "k.pem", "--tsa", authority.url).code == 1
    ours, other = (json.loads((stamped / name / REPORT).read_text()) for name in "bc")
    material = "verificationMaterial"
    ours[material] = other[material]
    (stamped / "b" / REPORT).write_text(json.dumps(ours, indent=1) + "\n")
    code, steps = verified(stamped, f"{KEY}{STAMPS}require-timestamp: true\n")
    assert code == 4
    assert "its time stamp: it is about something else" in steps["TIME"]


def test_a_token_goes_on_its_way_with_a_digest_alone(authority: Authority, folder: Path) -> None:
    authority.asked.clear()
    assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
    assert scan(folder, "b.zip", "--key", "k.pem", "--tsa", authority.url).code == 1
    assert [len(query) < 128 for query in authority.asked] == [True, True]


REFUSALS = {
    "HTML": (b"<html>", 200, "is it the address of an authority"),
    "an error": (b"no", 503, "HTTP 503"),
    "nothing": (b"\x30\x00", 200, "is it the address of an authority"),
}


@pytest.mark.parametrize(("instead", "status", "says"), REFUSALS.values(), ids=REFUSALS.keys())
def test_no_token_no_bundle(
    folder: Path, stranger: Authority, instead: bytes, status: int, says: str
) -> None:
    stranger.instead, stranger.status = instead, status
    try:
        assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
        done = scan(folder, "b", "--key", "k.pem", "--tsa", stranger.url)
    finally:
        stranger.instead, stranger.status = b"", 200
    assert done.code == 2, done
    assert says in done.err
    assert not (folder / "b").exists()


UNREACHED = {
    "a plain address": ("http://127.0.0.1:9/ts", "http://127.0.0.1:9/ts: "),
    "credentials": (
        "http://me:canary-4711@127.0.0.1:9/ts?api_key=canary-4712", "http://127.0.0.1:9/ts: ",
    ),
    "no port": ("http://me:canary-4711@127.0.0.1:99999/", "is none of http or https"),
    "no scheme": ("me:canary-4711@tsa", "is none of http or https"),
}  # fmt: skip


@pytest.mark.parametrize("way", ["--tsa", "AUDITOR_TSA"])
@pytest.mark.parametrize(("url", "says"), UNREACHED.values(), ids=UNREACHED.keys())
def test_nobody_stamps(folder: Path, url: str, says: str, way: str) -> None:
    assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
    options = ("--tsa", url) if way == "--tsa" else ()
    env = {} if options else {way: url}
    done = scan(folder, "b", "--key", "k.pem", *options, env=env)
    assert done.code == 2
    assert says in done.err
    assert "canary" not in done.err
    assert "Warning" not in done.err
    assert sorted(path.name for path in folder.iterdir()) == ["k.pem", "pod.yaml"]


def test_what_opens_the_door_of_an_authority_is_kept_nowhere(
    folder: Path, authority: Authority
) -> None:
    assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
    url = authority.url.replace("://", "://me:canary-4711@") + "?api_key=canary-4712"
    for option in (("--tsa", url), (f"--tsa={url}",)):
        done = scan(folder, "b", "--key", "k.pem", *option)
        assert (done.code, done.err) == (1, "")
        for path in (folder / "b").rglob("*"):
            assert path.is_dir() or b"canary-47" not in path.read_bytes(), path
        told = json.loads((folder / "b/environment.json").read_text())["arguments"]
        assert authority.url in " ".join(told)
        shutil.rmtree(folder / "b")
    (folder / "pod.yaml").write_text(f"{POD}---\n{POD.replace('shell', 'canary-4712')}")
    done = scan(folder, "b", "--key", "k.pem", "--tsa", url)
    assert done.code == 2
    assert "would hold a credential of this run" in done.err

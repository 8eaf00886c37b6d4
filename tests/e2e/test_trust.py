"""Whom a verifier trusts, and when: what is refused, and what that says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.signed import EPOCH, ran

OPENSSL = shutil.which("openssl") or "openssl"
LATER = "2025-07-01"


def test_no_signature_and_no_trust(signed: Path) -> None:
    done = ran(signed, "verify", "b")
    assert done.code == 3
    assert "intact, signer unknown" in done.out
    assert "verified" not in done.out.replace("is not verified", "")
    assert ran(signed, "scan", "pod.yaml", "-q", "--output", "c.zip", "--no-sign").code == 1
    unsigned = ran(signed, "verify", "c.zip")
    assert unsigned.code == 3
    assert "it is not signed" in unsigned.out
    assert ran(signed, "verify", "c.zip", "--key", "k.pub").code == 4


def test_json_also_of_an_archive_that_can_t_be_read(signed: Path) -> None:
    (signed / "c.zip").write_bytes(b"hello")
    done = ran(signed, "verify", "c.zip", "--key", "k.pub", "--json")
    found = json.loads(done.out)
    assert (done.code, done.err, found["decision"]) == (4, "", "failed")
    assert found["steps"][0]["outcome"] == "failed"
    assert "the central directory does not match the entries" in found["steps"][0]["detail"]


def test_json_says_the_same(signed: Path) -> None:
    found = json.loads(ran(signed, "verify", "b", "--key", "k.pub", "--json").out)
    assert found["decision"] == "verified"
    assert [step["name"] for step in found["steps"]] == [
        "FORM", "SIGNATURE", "TIME", "INTEGRITY", "COMPLETENESS", "FRESHNESS",
    ]  # fmt: skip
    assert found["trust"] == "k.pub"


HEAD = "keys:\n- name: builder\n  file: k.pub\n"
TRUST: Mapping[str, tuple[str, int, str]] = {
    "a key": (HEAD, 0, "by builder"),
    "within its time": (
        f"{HEAD}  valid-from: 2025-01-01\n  valid-until: 2026-01-01\n", 0, "by builder",
    ),
    "not yet": (f"{HEAD}  valid-from: 2025-09-01\n", 4, "the key is valid from 2025-09-01"),
    "no longer": (f"{HEAD}  valid-until: 2025-06-30\n", 4, "was valid until 2025-06-30"),
    "revoked": (
        f"{HEAD}  revoked: {{at: 2025-06-30, reason: lost}}\n", 4, "revoked at 2025-06-30 00:00:00",
    ),
    "revoked later": (f"{HEAD}  revoked: {{at: 2025-08-01}}\n", 0, "by builder"),
    "young enough": (f"{HEAD}max-age: 30d\n", 0, "the run ended at 2025-06-15"),
    "too old": (f"{HEAD}max-age: 1w\n", 4, "the run ended"),
    "without a time stamp": (
        f"{HEAD}require-timestamp: true\ntimestamps: [{{file: tsa.pem}}]\n",
        4,
        "no time stamp of a trusted authority",
    ),
    "no keys": ("keys: []\n", 2, "no keys: nothing could ever be verified"),
    "an unknown field": (f"{HEAD}max-ages: 1d\n", 2, "did you mean 'max-age'?"),
    "an unknown role": (f"{HEAD}  roles: [king]\n", 2, "no role 'king'"),
    "no time": (f"{HEAD}  valid-from: soon\n", 2, "is not a time"),
    "no age": (f"{HEAD}max-age: never\n", 2, "max-age is 'never'"),
    "a key twice": (f"{HEAD}{HEAD[6:]}", 2, "the same key is there twice"),
    "a field twice": (f"{HEAD}  file: other\n", 2, "a key is there twice"),
    "no file": ("keys: [{file: none}]\n", 2, "none: No such file"),
    "no public key": ("keys: [{pem: hello}]\n", 2, "no public key in PEM"),
    "neither pem nor file": ("keys: [{name: x}]\n", 2, "either pem or file"),
    "revoked without a time": (f"{HEAD}  revoked: {{reason: x}}\n", 2, "revoked says no time"),
    "no roles": (f"{HEAD}  roles: []\n", 2, "builder: no roles"),
    "roles of nothing": (f"{HEAD}  roles:\n", 2, "roles is not a list"),
    "revoked by nothing": (f"{HEAD}  revoked:\n", 2, "revoked of builder is not a mapping"),
    "revoked, without more": (f"{HEAD}  revoked: {{}}\n", 2, "revoked says no time"),
    "valid until nothing": (f"{HEAD}  valid-until:\n", 2, "valid-until of builder is not a time"),
    "an age of nothing": (f"{HEAD}max-age:\n", 2, "max-age is None"),
    "before all time": (
        f"{HEAD}  valid-until: 0001-01-01T00:00:00+14:00\n", 2, "before or after all time",
    ),
    "after all time": (
        f"{HEAD}  revoked: {{at: 9999-12-31T23:59:59-14:00}}\n", 2, "before or after all time",
    ),
    "a tag": (f"{HEAD}  valid-until: !!timestamp soon\n", 2, "a tag, an anchor or an alias"),
    "an alias": (f"{HEAD}  valid-until: &a 2030-01-01\n", 2, "a tag, an anchor or an alias"),
    "a zero byte in a file's name": ('keys: [{file: "a\\0b"}]\n', 2, "null byte"),
    "half a character": ('keys: [{pem: "\\ud800"}]\n', 2, "no PEM"),
    "a name that is none": (f"{HEAD[:-11]}  name: [x]\n", 2, "trust.yaml"),
    "a large file": (f"{HEAD}#{' ' * (1 << 20)}\n  roles: []\n", 2, "larger than 1 MiB"),
    "no mapping": ("[1]\n", 2, "is not a mapping"),
    "no YAML": ("keys: [", 2, "trust.yaml"),
}  # fmt: skip


@pytest.fixture(scope="module")
def trusting(signed_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a signed bundle, and an authority for time stamps; nothing changes these."""
    folder = tmp_path_factory.mktemp("trusting")
    shutil.copytree(signed_once, folder, dirs_exist_ok=True)
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tsa",
         "-keyout", folder / "tsa.key", "-out", folder / "tsa.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.mark.parametrize(("text", "code", "says"), TRUST.values(), ids=TRUST.keys())
def test_trust_files(trusting: Path, text: str, code: int, says: str) -> None:
    (trusting / "trust.yaml").write_text(text)
    done = ran(trusting, "verify", "b", "--trust", "trust.yaml", "--at", LATER)
    assert done.code == code, done
    assert says in done.out + done.err


MOMENTS: Mapping[str, tuple[str, int, str]] = {
    "a date": ("2025-07-01", 0, "; now is 2025-07-01 00:00:00 UTC, by --at"),
    "a time": ("2025-07-01T12:00:00Z", 0, "; now is 2025-07-01 12:00:00 UTC, by --at"),
    "another zone": ("2025-07-01t02:00:00+02:00", 0, "; now is 2025-07-01 00:00:00 UTC, by --at"),
    "before it was signed": ("2025-01-01", 4, "before the run ended at 2025-06-15"),
    "no date": ("2025-13-01", 2, "--at '2025-13-01': not a time"),
    "no zone": ("2025-07-01T12:00:00", 2, "not a time"),
    "a week": ("2025-W01", 2, "not a time"),
    "long ago": ("0001-01-01T00:00:00+14:00", 2, "not a time"),
    "far away": ("9999-12-31T23:59:59-14:00", 2, "not a time"),
    "a word": ("yesterday", 2, "hint: --at 2026-06-01, or 2026-06-01T12:00:00Z"),
}


@pytest.mark.parametrize(("at", "code", "says"), MOMENTS.values(), ids=MOMENTS.keys())
def test_did_it_hold_then(signed: Path, at: str, code: int, says: str) -> None:
    done = ran(signed, "verify", "b", "--key", "k.pub", "--at", at)
    assert done.code == code, done
    assert says in done.out + done.err


def test_the_clock_of_a_build_does_not_decide(signed: Path) -> None:
    """SOURCE_DATE_EPOCH says what stands in a report, never whom to believe."""
    (signed / "trust.yaml").write_text(f"{HEAD}  revoked: {{at: 2025-07-01, reason: lost}}\n")
    verify = ("verify", "b", "--trust", "trust.yaml", "--json")
    assert EPOCH == {"SOURCE_DATE_EPOCH": "1750000000"}
    done = ran(signed, *verify)
    assert done.code == 4
    assert "the key was revoked at 2025-07-01" in done.out
    assert json.loads(done.out)["at"] is None
    then = ran(signed, *verify, "--at", "2025-06-20")
    assert (then.code, json.loads(then.out)["at"]) == (0, "2025-06-20T00:00:00+00:00")

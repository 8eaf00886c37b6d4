"""Keys and passphrases, as a person uses them: what is refused, and what that says."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.e2e.command import ROOT, Ran
from tests.e2e.signed import PHRASE, ran

OPENSSL = shutil.which("openssl") or "openssl"


def test_the_first_bundle_makes_a_key(folder: Path) -> None:
    first = ran(folder, "scan", "pod.yaml", "-q", "--output", "one")
    assert first.code == 1
    place = folder / "config/auditor/signing-key.pem"
    assert first.err.startswith(f"created a signing key in {place}; whoever has")
    assert len(first.err.splitlines()) == 1
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    second = ran(folder, "scan", "pod.yaml", "-q", "--output", "two")
    assert (second.code, second.err) == (1, "")
    (folder / "me.pub").write_text(ran(folder, "keys", "export").out)
    for name in ("one", "two"):
        assert ran(folder, "verify", name, "--key", "me.pub").code == 0


WAYS: Mapping[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "a file": (("--passphrase-file", "secret"), {}),
    "the environment": ((), {"AUDITOR_PASSPHRASE": PHRASE}),
}


@pytest.mark.parametrize(("options", "env"), WAYS.values(), ids=WAYS.keys())
def test_an_encrypted_key(folder: Path, options: tuple[str, ...], env: dict[str, str]) -> None:
    assert ran(folder, "keys", "create", "k.p12", "--passphrase-file", "secret").code == 0
    assert b"PRIVATE" not in (folder / "k.p12").read_bytes()
    scan = ("scan", "pod.yaml", "-q", "--output", "b", "--key", "k.p12")
    done = ran(folder, *scan, *options, env=env)
    assert (done.code, done.err) == (1, "")
    export = ran(folder, "keys", "export", "k.p12", "--passphrase-file", "secret")
    (folder / "k.pub").write_text(export.out)
    assert ran(folder, "verify", "b", "--key", "k.pub").code == 0


def from_descriptor(folder: Path, data: bytes, *arguments: str) -> Ran:
    """Run with a passphrase that stands in a pipe: it can be read only once."""
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *arguments, "--passphrase-fd", str(reading)],
        pass_fds=[reading], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    os.close(reading)
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_passphrase_from_a_descriptor(folder: Path) -> None:
    made = from_descriptor(folder, b"x", "keys", "create", "k.p12")
    assert (made.code, made.err) == (0, "")
    shown = from_descriptor(folder, b"x\nmore", "keys", "show", "k.p12")
    assert (shown.code, shown.out) == (0, made.out.splitlines()[0] + "\n")
    assert "BEGIN PUBLIC KEY" in from_descriptor(folder, b"x", "keys", "export", "k.p12").out
    scan = ("scan", "pod.yaml", "-q", "--output", "b", "--key", "k.p12")
    done = from_descriptor(folder, b"x", *scan)
    assert (done.code, done.err) == (1, "")


NO_PASSPHRASES: Mapping[str, tuple[tuple[str, ...], dict[str, str], str]] = {
    "no UTF-8 in the environment": (
        (),
        {"AUDITOR_PASSPHRASE": "\udcffcanary"},
        "not text in UTF-8",
    ),
    "no UTF-8 in a file": (("--passphrase-file", "bytes"), {}, "not text in UTF-8"),
    "a NUL in a file": (("--passphrase-file", "nul"), {}, "not text in UTF-8"),
    "a folder": (("--passphrase-file", "."), {}, "Is a directory"),
    "no descriptor": (("--passphrase-fd", "99"), {}, "Bad file descriptor"),
    "a negative descriptor": (("--passphrase-fd", "-1"), {}, "-1 is not a descriptor"),
    "a huge descriptor": (("--passphrase-fd", "9" * 30), {}, "is not a descriptor"),
}


@pytest.mark.parametrize(
    ("options", "env", "says"), NO_PASSPHRASES.values(), ids=NO_PASSPHRASES.keys()
)
def test_what_is_no_passphrase(
    folder: Path, options: tuple[str, ...], env: dict[str, str], says: str
) -> None:
    (folder / "bytes").write_bytes(b"\xffcanary\n")
    (folder / "nul").write_bytes(b"canary\0\n")
    done = ran(folder, "keys", "create", "k.p12", *options, env=env, process=True)
    assert done.code == 2, done
    assert says in done.err
    assert "hint: " in done.err
    assert "canary" not in done.err
    assert not (folder / "k.p12").exists()


def pem(key: object, password: bytes | None = None) -> bytes:
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    hidden: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        hidden = serialization.BestAvailableEncryption(password)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, hidden)


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    path.write_bytes(data)
    path.chmod(mode)


P256, P384 = ec.SECP256R1(), ec.SECP384R1()
BAD_KEYS: Mapping[str, tuple[bytes, int, tuple[str, ...], str]] = {
    "others can read it": (b"x", 0o640, (), "others can open it (mode 0640)"),
    "empty": (b"", 0o600, (), "it is empty"),
    "cut off": (
        pem(ec.generate_private_key(P256))[:100], 0o600, (), "no private key",
    ),
    "no key": (b"hello", 0o600, ("--passphrase-file", "secret"), "wrong passphrase, or no key"),
    "no key in PEM": (b"-----BEGIN X-----", 0o600, (), "no private key"),
    "encrypted, no passphrase": (
        pem(ec.generate_private_key(P256), b"other"), 0o600, (), "there is no passphrase",
    ),
    "wrong passphrase": (
        pem(ec.generate_private_key(P256), b"other"),
        0o600,
        ("--passphrase-file", "secret"),
        "wrong passphrase",
    ),
    "an empty passphrase": (
        pem(ec.generate_private_key(P256), b"other"),
        0o600,
        ("--passphrase-file", "/dev/null"),
        "there is no passphrase in it",
    ),
    "P-384": (pem(ec.generate_private_key(P384)), 0o600, (), "on secp384r1 is not used here"),
    "RSA": (
        pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        0o600,
        (),
        "RSAPrivateKey is not used here",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("data", "mode", "options", "says"), BAD_KEYS.values(), ids=BAD_KEYS.keys()
)
def test_keys_that_are_refused(
    folder: Path, data: bytes, mode: int, options: tuple[str, ...], says: str
) -> None:
    write(folder / "k", data, mode)
    done = ran(folder, "scan", "pod.yaml", "-q", "--output", "b", "--key", "k", *options)
    assert done.code == 2
    assert says in done.err
    assert "hint: " in done.err
    assert PHRASE not in done.err
    assert not (folder / "b").exists()


def test_a_pipe_is_no_key(folder: Path) -> None:
    os.mkfifo(folder / "k", 0o600)
    done = ran(folder, "scan", "pod.yaml", "-q", "--output", "b", "--key", "k")
    assert done.code == 2
    assert "k: not a regular file" in done.err


def test_first_runs_at_once_make_one_key(folder: Path) -> None:
    names = [f"b{number}" for number in range(4)]
    with ThreadPoolExecutor(len(names)) as pool:
        done = list(pool.map(lambda name: scanned(folder, name), names))
    assert [each.code for each in done] == [1] * len(names), done
    told = "".join(each.err for each in done)
    assert told.count("created a signing key") == 1
    place = folder / "config/auditor"
    assert {path.name for path in place.iterdir()} == {"signing-key.pem", "commitment-secret"}
    (folder / "me.pub").write_text(ran(folder, "keys", "export").out)
    assert ran(folder, "verify", names[-1], "--key", "me.pub").code == 0


def scanned(folder: Path, name: str) -> Ran:
    return ran(folder, "scan", "pod.yaml", "-q", "--output", name)


def test_a_full_disk_leaves_no_half_key(folder: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    (folder / "config").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "keys", "create", "--no-passphrase"],
        preexec_fn=limit, cwd=folder, check=False, capture_output=True,
        env={"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(folder / "config")},
    )  # fmt: skip
    assert done.returncode == 2
    assert b"signing-key.pem: File too large" in done.stderr
    assert list((folder / "config/auditor").iterdir()) == []
    assert ran(folder, "keys", "create", "--no-passphrase").code == 0


def test_an_encrypted_pkcs8_of_openssl(folder: Path) -> None:
    for option in ("-scrypt", "-iter"):
        place = folder / f"k{option}"
        made = [OPENSSL, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        key = subprocess.run(made, check=True, capture_output=True).stdout
        hide = [OPENSSL, "pkcs8", "-topk8", "-passout", f"pass:{PHRASE}", option]
        hide += ["600000"] if option == "-iter" else []
        write(place, subprocess.run(hide, input=key, check=True, capture_output=True).stdout)
        done = ran(folder, "keys", "show", place, "--passphrase-file", "secret")
        assert (done.code, done.out[:8]) == (0, "p256 key"), done.err


def test_a_key_is_never_written_over(signed: Path) -> None:
    before = (signed / "k.pem").read_bytes()
    done = ran(signed, "keys", "create", "k.pem", "--no-passphrase")
    assert done.code == 2
    assert "it is there already" in done.err
    assert (signed / "k.pem").read_bytes() == before
    assert ran(signed, "keys", "create", "none/k.pem", "--no-passphrase").code == 2
    assert "--no-passphrase" in ran(signed, "keys", "create", "other.p12").err


def test_tokens_and_services_need_an_extra_or_a_place(folder: Path) -> None:
    for uri in ("awskms:alias/x", "gcpkms:projects/p", "azurekms:v/k", "hv:k"):
        done = ran(folder, "keys", "show", uri)
        assert done.code == 2, done
        assert "keys need an extra" in done.err or "hint" in done.err


def test_the_signing_key_is_in_no_bundle(signed: Path) -> None:
    key = (signed / "k.pem").read_text().splitlines()[1].encode()
    for path in (signed / "b").rglob("*"):
        assert path.is_dir() or key not in path.read_bytes()

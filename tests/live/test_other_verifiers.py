"""What we sign is verified by programs that are not ours, and what was changed by none of them."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError

from auditor.evidence.statements import AUDIT_REPORT, TEST_RESULT
from tests.e2e.command import auditor
from tests.engines.golang import PATIENT
from tests.engines.sigstore_js import SigstoreJs
from tests.unit.evidence.bundles import REPORT, Made, key, made

TESTS = "attestations/test-result.sigstore.json"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def public(signed: Made) -> Path:
    place = signed.root.parent / "public.pem"
    place.write_text(signed.held.public.pem)
    return place


@pytest.fixture
def bundle(signed: Made, tmp_path: Path) -> Path:
    return shutil.copytree(signed.root, tmp_path / "bundle")


def payload(value: dict[str, Any]) -> None:
    text = value["dsseEnvelope"]["payload"]
    value["dsseEnvelope"]["payload"] = text[:40] + ("A" if text[40] != "A" else "B") + text[41:]


def payload_type(value: dict[str, Any]) -> None:
    value["dsseEnvelope"]["payloadType"] = "application/vnd.in-toto+jsonx"


def signature(value: dict[str, Any]) -> None:
    (found,) = value["dsseEnvelope"]["signatures"]
    found["sig"] = found["sig"][:20] + ("A" if found["sig"][20] != "A" else "B") + found["sig"][21:]


SPOILED: dict[str, Callable[[dict[str, Any]], None]] = {
    "the payload": payload,
    "its type": payload_type,
    "the signature": signature,
}
spoiled = pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())


def spoil_in(bundle: Path, spoil: Callable[[dict[str, Any]], None]) -> Path:
    path = bundle / REPORT
    value = json.loads(path.read_text())
    spoil(value)
    path.write_text(json.dumps(value, indent=1))
    return path


def by_cosign(
    tool: Path,
    bundle: Path,
    key: Path,
    subject: str,
    report: str = REPORT,
    kind: str = AUDIT_REPORT,
) -> subprocess.CompletedProcess[str]:
    command = [
        tool, "verify-blob-attestation", "--bundle", bundle / report, "--key", key,
        "--type", kind, "--insecure-ignore-tlog", bundle / subject,
    ]  # fmt: skip
    environment = {"HOME": str(bundle), "PATH": os.environ["PATH"], "NO_PROXY": "*", **PATIENT}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def test_cosign(cosign: Path, bundle: Path, public: Path, tmp_path: Path) -> None:
    done = by_cosign(cosign, bundle, public, "manifest.json")
    assert (done.returncode, "Verified OK" in done.stderr) == (0, True), done.stderr
    other = tmp_path / "other.pem"
    other.write_text(key(tmp_path / "other.key").public.pem)
    assert by_cosign(cosign, bundle, other, "manifest.json").returncode != 0
    done = by_cosign(cosign, bundle, public, "results.json")
    assert "do not match digests in statement" in done.stderr
    (bundle / "manifest.json").write_text("{}")
    assert by_cosign(cosign, bundle, public, "manifest.json").returncode != 0


def test_cosign_knows_the_test_result(cosign: Path, bundle: Path, public: Path) -> None:
    """Its subjects are the audited files themselves."""
    shutil.copy(public.parent / "tree" / "pod.yaml", bundle)
    done = by_cosign(cosign, bundle, public, "pod.yaml", TESTS, TEST_RESULT)
    assert done.returncode == 0, done.stderr
    (bundle / "pod.yaml").write_text("another")
    assert by_cosign(cosign, bundle, public, "pod.yaml", TESTS, TEST_RESULT).returncode != 0


@spoiled
def test_cosign_refuses(
    cosign: Path, bundle: Path, public: Path, spoil: Callable[[dict[str, Any]], None]
) -> None:
    spoil_in(bundle, spoil)
    assert by_cosign(cosign, bundle, public, "manifest.json").returncode != 0


def test_npm(sigstore_js: SigstoreJs, bundle: Path, public: Path) -> None:
    for name in (REPORT, TESTS):
        done = sigstore_js.verify(bundle / name, public)
        assert (done.returncode, done.stdout) == (0, "verified\n"), done.stderr


@spoiled
def test_npm_refuses(
    sigstore_js: SigstoreJs,
    bundle: Path,
    public: Path,
    spoil: Callable[[dict[str, Any]], None],
) -> None:
    done = sigstore_js.verify(spoil_in(bundle, spoil), public)
    assert done.returncode != 0
    assert "SIGNATURE_ERROR" in done.stderr


def by_securesystemslib(path: Path, made: Made) -> None:
    envelope = copy.deepcopy(json.loads(path.read_text())["dsseEnvelope"])
    for each in envelope["signatures"]:
        each["keyid"] = made.held.public.name
    Envelope.from_dict(envelope).verify([made.held.public.of_signer()], 1)


def test_securesystemslib(signed: Made) -> None:
    by_securesystemslib(signed.root / REPORT, signed)


@spoiled
def test_securesystemslib_refuses(
    signed: Made, bundle: Path, spoil: Callable[[dict[str, Any]], None]
) -> None:
    with pytest.raises(VerificationError):
        by_securesystemslib(spoil_in(bundle, spoil), signed)


SAID = "Verified OK\nManifest OK\nFiles OK\n"


def by_openssl(
    bundle: Path, public: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The recipe that ``verify`` prints, run by a shell."""
    script = auditor("verify", bundle, "--key", public, "--recipe")
    assert script.code == 0
    return subprocess.run(
        ["/bin/sh"],
        input=script.out,
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], **(env or {})},
    )


def rehashed(bundle: Path, name: str) -> None:
    """Make the manifest agree with a file."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    data = (bundle / name).read_bytes()
    for entry in manifest["files"]:
        if entry["path"] == name:
            entry |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    (bundle / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def test_bare_openssl(bundle: Path, public: Path) -> None:
    done = by_openssl(bundle, public)
    assert (done.returncode, done.stdout) == (0, SAID), done


def test_bare_openssl_with_ed25519(tmp_path: Path) -> None:
    made_here = made(tmp_path, "ed25519")
    public = tmp_path / "public.pem"
    public.write_text(made_here.held.public.pem)
    done = by_openssl(made_here.root, public)
    assert (done.returncode, done.stdout) == (0, SAID), done
    spoil_in(made_here.root, signature)
    done = by_openssl(made_here.root, public)
    assert (done.returncode, "the signature is not that of" in done.stderr) == (1, True), done


def test_bare_openssl_takes_no_digest_that_an_attacker_had_signed(
    bundle: Path, public: Path, signed: Made, tmp_path: Path
) -> None:
    """A forged manifest is put among the audited files, so the honest signer signs its digest."""
    results = bundle / "results.json"
    results.write_text(results.read_text().replace('"verdict":"fail"', '"verdict":"pass"'))
    rehashed(bundle, "results.json")
    (tmp_path / "tree").mkdir()
    shutil.copy(bundle / "manifest.json", tmp_path / "tree" / "values.json")
    shutil.copy(signed.root.parent / "tree" / "pod.yaml", tmp_path / "tree")
    key_file = signed.root.parent / "key.pem"
    done = auditor("scan", "tree", "-q", "--output", "b", "--key", key_file, cwd=tmp_path)
    assert done.code == 1, done
    stated = json.loads((tmp_path / "b" / TESTS).read_text())["dsseEnvelope"]["payload"]
    digest = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    assert f'"sha256":"{digest}"'.encode() in base64.b64decode(stated)
    shutil.copy(tmp_path / "b" / TESTS, bundle / REPORT)
    done = by_openssl(bundle, public)
    assert (done.returncode, done.stdout) == (1, "Verified OK\n"), done
    assert "manifest.json is not what was signed as an audit report" in done.stderr


def test_bare_openssl_wants_a_folder_and_leaves_none_behind(
    bundle: Path, public: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "b.zip"
    archive.write_bytes(b"PK")
    done = by_openssl(archive, public)
    assert (done.returncode, "unzip it into an empty one first" in done.stderr) == (1, True)
    (tmp_path / "tmp").mkdir()
    for code in (0, 1):
        done = by_openssl(bundle, public, {"TMPDIR": str(tmp_path / "tmp")})
        assert (done.returncode, list((tmp_path / "tmp").iterdir())) == (code, [])
        (bundle / "manifest.json").write_text("{}")


@spoiled
def test_bare_openssl_refuses(
    bundle: Path, public: Path, spoil: Callable[[dict[str, Any]], None]
) -> None:
    spoil_in(bundle, spoil)
    assert by_openssl(bundle, public).returncode != 0


def linked(root: Path) -> None:
    (root / "results.json").rename(root.parent / "results.json")
    (root / "results.json").symlink_to(root.parent / "results.json")


FILES: dict[str, Callable[[Path], object]] = {
    "a file": lambda root: (root / "results.json").write_text("{}"),
    "a file gone": lambda root: (root / "results.json").unlink(),
    "a file more": lambda root: (root / "policy/x").write_text("x"),
    "an empty folder": lambda root: (root / "policy/x").mkdir(),
    "a link more": lambda root: (root / "results.json.zst").symlink_to("/etc/passwd"),
    "a link in place of a file": linked,
    "a pipe": lambda root: os.mkfifo(root / "policy/x"),
    "an attestation more": lambda root: (root / "attestations/x.sigstore.json").write_text("{}"),
    "a name of two lines": lambda root: (root / "x\nresults.json").write_text("x"),
    "the manifest": lambda root: (root / "manifest.json").write_text("{}"),
}


@pytest.mark.parametrize("change", FILES.values(), ids=FILES.keys())
def test_bare_openssl_finds_what_was_changed(
    bundle: Path, public: Path, change: Callable[[Path], object]
) -> None:
    change(bundle)
    assert by_openssl(bundle, public).returncode != 0

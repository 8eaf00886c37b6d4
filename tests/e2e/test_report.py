"""``auditor report``: what a scan wrote, from the bundle that it left."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from auditor.cli.wiring import SHIPPED
from tests.e2e.command import ROOT, auditor
from tests.e2e.signed import filled, ran

FORMATS = list(SHIPPED.formats)
PHRASE = ("--passphrase-file", "secret")
WAIVERS = """\
- id: W-1
  rule: docker-container-privileged
  for: {name: notebook}
  reason: moves in May
  owner: ml
  approved-by: ciso
  created: "2026-01-01"
  expires: "2027-01-01"
"""


def outputs(folder: Path) -> list[str]:
    folder.mkdir()
    return [part for name in FORMATS for part in ("-o", f"{name}={folder / name}")]


def told(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FORMATS}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of all examples with a broken file beside them, and what the scan wrote."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "broken.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: [\n")
    (folder / "waivers.yaml").write_text(WAIVERS)
    targets = [folder / "broken.yaml", *(ROOT / "examples").glob("*[a-z]")]
    options = ["--waivers", folder / "waivers.yaml", "--output", folder / "b.zip", "--no-sign"]
    done = auditor("scan", *targets, "--all", "-q", *options, *outputs(folder / "then"))
    assert done.code in {1, 3}, done.err
    return folder


def test_the_bytes_are_those_of_the_scan(made: Path, tmp_path: Path) -> None:
    done = auditor("report", made / "b.zip", "--all", "-q", *outputs(tmp_path / "now"))
    assert (done.code, done.out, done.err) == (0, "", "")
    then, now = told(made / "then"), told(tmp_path / "now")
    assert len(json.loads(then["json"])["findings"]) > 1000
    assert json.loads(then["json"])["gaps"], "something was not read"
    assert b"W-1" in then["json"]
    for name in FORMATS:
        assert now[name] == then[name], name


def test_the_screen_is_that_of_the_scan(tmp_path: Path) -> None:
    file = filled(tmp_path) / "pod.yaml"
    scan = ran(tmp_path, "scan", file, "--output", "b", "--no-sign", "--plain")
    again = ran(tmp_path, "report", "b", "--plain")
    assert again.out == scan.out
    assert again.code == 0, "it tells, and is no gate"
    assert "b: it is whole, but nobody stands for it" in again.err


def test_a_key_stands_for_it(tmp_path: Path) -> None:
    filled(tmp_path)
    for command in (
        ("keys", "create", "k.p12", *PHRASE),
        ("scan", "pod.yaml", "--output", "b", "-q", "--key", "k.p12", *PHRASE),
    ):
        assert ran(tmp_path, *command).code in {0, 1}, command
    (tmp_path / "me.pub").write_text(ran(tmp_path, "keys", "export", "k.p12", *PHRASE).out)
    done = ran(tmp_path, "report", "b", "--key", "me.pub", "-q", "-o", "sarif=r.sarif")
    assert (done.code, done.err) == (0, "")
    assert (tmp_path / "r.sarif").exists()
    loose = ran(tmp_path, "report", "b", "--key", "me.pub", "--trust", "me.pub")
    assert loose.code == 2


def test_what_does_not_verify_is_not_told(made: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(made / "b.zip", tmp_path / "b")
    results = tmp_path / "b" / "results.json"
    if not results.exists():
        results = tmp_path / "b" / "results.json.zst"
    results.write_bytes(results.read_bytes()[:-9] + b'"pass"}\n}\n')
    done = auditor("report", tmp_path / "b", "-q", "-o", f"junit={tmp_path / 'r.xml'}")
    assert done.code == 4
    assert "does not verify: INTEGRITY" in done.err
    assert not (tmp_path / "r.xml").exists()


def test_nobody_s_signature_is_no_key_s(tmp_path: Path) -> None:
    filled(tmp_path)
    ran(tmp_path, "keys", "create", "k.p12", *PHRASE)
    (tmp_path / "me.pub").write_text(ran(tmp_path, "keys", "export", "k.p12", *PHRASE).out)
    ran(tmp_path, "scan", "pod.yaml", "--output", "b", "-q", "--no-sign")
    done = ran(tmp_path, "report", "b", "--key", "me.pub")
    assert (done.code, done.out) == (4, "")
    assert "does not verify: SIGNATURE" in done.err


def test_what_was_only_collected() -> None:
    host = ROOT / "examples" / "gpu-host"
    done = auditor("report", host)
    assert done.code == 2
    assert f"{host}: nothing was judged, only collected" in done.err
    assert f"auditor evaluate {host}" in done.err


WRONG = {
    "no such format": (("-o", "none=x"), "formats: terminal, json, "),
    "no such folder": (("-o", "sarif=none/x"), "none is not a folder"),
    "the bundle itself": (("-o", "sarif=b"), "b is a folder"),
    "no such bundle": ((), "nothing: no such bundle"),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG)
def test_wrong_usage(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    (tmp_path / "b").mkdir()
    done = ran(tmp_path, "report", "b" if options else "nothing", *options)
    assert done.code == 2
    assert said in done.err

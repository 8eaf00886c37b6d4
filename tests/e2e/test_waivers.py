"""What was accepted: from a file to the gate, the screen, the bundle and back."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.e2e.command import Ran, auditor
from tests.e2e.signed import ran
from tests.pieces import ROOT
from tests.unit.evidence.bundles import POD

DAY = "2025-06-15"
"""The day of every bundle here, by SOURCE_DATE_EPOCH."""
WAIVER = """\
- id: W-1
  rule: {rule}
  for: {{namespace: "*", kind: Pod, element: "container *"}}
  reason: It is how the tests fail.
  owner: ml
  approved-by: ciso
  created: "2025-06-01"
  expires: "{expires}"
"""
RULE = "k8s-container-privileged"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "pod.yaml").write_text(POD)
    write(tmp_path)
    return tmp_path


def write(folder: Path, rule: str = RULE, expires: str = "2025-09-01") -> None:
    (folder / "waivers.yaml").write_text(WAIVER.format(rule=rule, expires=expires))


def scan(folder: Path, *options: str) -> Ran:
    return ran(folder, "scan", "tree", "--waivers", "waivers.yaml", *options)


def test_what_is_accepted_fails_and_is_not_counted(folder: Path) -> None:
    plain = ran(folder, "scan", "tree", "--fail-on", "critical", "--format", "json").results()
    done = scan(folder, "--fail-on", "critical", "--format", "json")
    found = done.results()
    assert (plain["gate"]["decision"], found["gate"]["decision"], done.code) == ("fail", "pass", 0)
    (finding,) = [each for each in found["findings"] if each["rule"] == RULE]
    assert finding["verdict"] == "fail"
    assert finding["waiver"]["id"] == "W-1"
    assert {**finding, "waiver": None} in plain["findings"]
    assert found["counts"] == plain["counts"]
    assert found["controls"] == plain["controls"]
    (waiver,) = found["waivers"]
    assert (waiver["state"], waiver["findings"], waiver["broad"]) == ("active", 1, False)
    schema = json.loads((ROOT / "policies/schema/results.v1.schema.json").read_text())
    jsonschema.validate(found, schema)
    assert "waivers" not in plain


def test_the_screen_counts_it_apart(folder: Path) -> None:
    plain, done = ran(folder, "scan", "tree").out, scan(folder).out
    assert f"{RULE}, 1 finding" in plain
    assert f"{RULE}, 1 finding" not in done
    assert "1 finding accepted by 1 of 1 waiver, and not counted by the gate" in done
    assert " waived=1 " in done.splitlines()[-1]
    assert " waived=" not in plain.splitlines()[-1]
    everything = scan(folder, "--all").out
    assert "accepted until 2025-09-01 by W-1 of ml: It is how the tests fail." in everything
    by_object = scan(folder, "--group-by", "object").out
    assert RULE not in by_object


@pytest.mark.parametrize(
    ("expires", "state", "line"),
    [
        ("2025-06-16", "expiring", "W-1 of ml, k8s-container-privileged, expires on 2025-06-16"),
        (DAY, "expired", "expired on 2025-06-15: 1 finding counted again"),
    ],
)
def test_it_counts_again_on_the_day_of_its_end(
    folder: Path, expires: str, state: str, line: str
) -> None:
    write(folder, expires=expires)
    done = scan(folder, "--fail-on", "critical", "-o", "json=r.json")
    found = json.loads((folder / "r.json").read_text())
    assert found["waivers"][0]["state"] == state
    assert done.code == (1 if state == "expired" else 0)
    assert line in " ".join(done.out.split())


def test_one_that_covers_nothing_is_told(folder: Path) -> None:
    write(folder, rule="k8s-pod-host-ipc")
    done = scan(folder)
    assert "W-1 of ml, k8s-pod-host-ipc, covers nothing" in " ".join(done.out.split())
    assert " waived=0 " in done.out.splitlines()[-1]


def test_a_bundle_with_waivers_verifies_and_replays(folder: Path) -> None:
    assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
    (folder / "k.pub").write_text(ran(folder, "keys", "export", "k.pem").out)
    options = ("--key", "k.pem", "--fail-on", "critical", "--output", "bundle")
    assert scan(folder, "-q", *options).code == 0
    (folder / "waivers.yaml").unlink()
    assert ran(folder, "verify", "bundle", "--key", "k.pub").code == 0
    again = ran(folder, "replay", "bundle")
    assert (again.code, again.out.split()[:2]) == (0, ["REPLAY", "same"])
    kept = json.loads((folder / "bundle" / "waivers.json").read_text())
    assert [each["id"] for each in kept] == ["W-1"]
    kept[0]["expires"] = "2025-09-02"
    (folder / "bundle" / "waivers.json").write_text(json.dumps(kept))
    assert ran(folder, "verify", "bundle", "--key", "k.pub").code == 4
    assert ran(folder, "replay", "bundle").code == 4


def test_evidence_is_evaluated_with_waivers_as_of_its_day(folder: Path) -> None:
    assert ran(folder, "scan", "tree", "-q", "--no-sign", "--output", "read").code == 1
    options = ("--waivers", "waivers.yaml", "--fail-on", "critical", "--format", "json")
    done = ran(folder, "evaluate", "read", *options)
    assert done.code == 0
    assert done.results()["waivers"][0]["state"] == "active", "as of the day on which it was read"


def test_a_file_that_is_not_valid_is_told_before_anything_is_read(folder: Path) -> None:
    write(folder, rule="k8s-container-privilegd")
    done = scan(folder)
    assert (done.code, done.out) == (2, "")
    assert "waivers.yaml:2:9: no rule is called 'k8s-container-privilegd'" in done.err
    missing = ran(folder, "scan", "tree", "--waivers", "none.yaml")
    assert (missing.code, missing.out) == (2, "")
    assert "none.yaml: cannot be read" in missing.err
    endless = ran(folder, "scan", "tree", "--waivers", "/dev/zero")
    assert (endless.code, endless.out) == (2, "")


OWN = """\
id: strict
title: Strict
extends: [{base}]
gate: never
"""


def test_a_profile_says_how_long_one_may_last(folder: Path) -> None:
    """The least of it and of what it extends: no profile that extends another allows more."""
    (folder / "own" / "profiles").mkdir(parents=True)
    base = OWN.format(base="pod-security-baseline") + "waivers: {max-days: 90}\n"
    (folder / "own" / "profiles" / "strict.yaml").write_text(base)
    looser = OWN.format(base="strict").replace("id: strict", "id: looser")
    more = looser + "waivers: {max-days: 365}\n"
    (folder / "own" / "profiles" / "looser.yaml").write_text(more)
    assert scan(folder, "-q", "--policies", "own", "--profile", "pod-security-baseline").code == 0
    for profile in ("strict", "looser"):
        judged = ("--policies", "own", "--profile", profile)
        done = scan(folder, *judged)
        assert (done.code, done.out) == (2, "")
        assert "waivers.yaml:8:12: it lasts 92 days, and may last 90" in done.err
        checked = auditor("waivers", "check", "waivers.yaml", *judged, cwd=folder)
        assert "it lasts 92 days, and may last 90" in checked.err
        adding = ("waivers", "add", "w.yaml", "--rule", RULE, "--expires", "91d", *ADDING)
        assert auditor(*adding, *judged, cwd=folder).code == 2
        assert not (folder / "w.yaml").exists()
        shown = auditor("profiles", "show", profile, "--policies", "own", cwd=folder).out
        assert "waivers: 90 days at most" in shown
    write(folder, expires="2025-08-30")
    assert scan(folder, "-q", "--policies", "own", "--profile", "strict").code == 0
    judged = ("--policies", "own", "--profile", "looser")
    checked = auditor("waivers", "check", "waivers.yaml", *judged, cwd=folder).out.splitlines()
    assert checked[-2] == "by the profile looser a waiver lasts 90 days at most"
    assert checked[-1].endswith(" max-days=90")


ADDING = ("--owner", "ml", "--approved-by", "ciso", "--reason", "For a test.")


def test_waivers_are_added_listed_and_checked(tmp_path: Path) -> None:
    def waivers(*arguments: str) -> Ran:
        return auditor("waivers", *arguments, cwd=tmp_path)

    added = waivers("add", "w.yaml", "--rule", RULE, "--name", "a-*", "--expires", "90d", *ADDING)
    assert added.code == 0, added.err
    assert added.out.startswith(f"added W-1 to w.yaml: {RULE} until ")
    text = "# ours\n" + (tmp_path / "w.yaml").read_text()
    (tmp_path / "w.yaml").write_text(text)
    more = ("--rule", "k8s-pod-host-ipc", "--expires", "5d", "--ticket", "ML-4", *ADDING)
    assert waivers("add", "w.yaml", *more).code == 0
    assert (tmp_path / "w.yaml").read_text().startswith(text), "what stands there stays"
    listed = json.loads(waivers("list", "w.yaml", "--json").out)
    assert [(each["id"], each["state"]) for each in listed] == [
        ("W-1", "active"),
        ("W-2", "expiring"),
    ]
    assert listed[0]["for"] == {"name": "a-*"}
    shown = waivers("list", "w.yaml").out
    assert "for every finding of the rule" in shown
    assert "in 5 days" in shown
    checked = waivers("check", "w.yaml")
    assert checked.code == 1
    assert checked.out.splitlines()[-1] == "RESULT fail waivers=2 to-look-at=1 max-days=366"
    assert "W-2  k8s-pod-host-ipc: expires on" in checked.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rule", "nope", "--expires", "5d"), "no rule is called 'nope'"),
        (("--rule", RULE, "--expires", "400d"), "it lasts 400 days, and may last 366"),
        (("--rule", RULE, "--expires", "soon"), "'soon' is not a day"),
        (("--rule", RULE, "--expires", "5d", "--id", "W 1"), "'W 1' is not an id"),
        (("--rule", RULE, "--expires", "5d", "--fingerprint", "1"), "is not the fingerprint"),
    ],
)
def test_nothing_is_written_of_one_that_is_not_valid(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    done = auditor("waivers", "add", "w.yaml", *options, *ADDING, cwd=tmp_path)
    assert done.code == 2
    assert message in done.err
    assert not (tmp_path / "w.yaml").exists()

"""What people answered: from a file to every report, the bundle and back."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.e2e.command import Ran
from tests.e2e.signed import ran
from tests.pieces import ROOT
from tests.unit.evidence.bundles import POD

DAY = "2025-06-15"
"""The day of every bundle here, by SOURCE_DATE_EPOCH."""
ANSWERS = """\
- control: nsa-kubernetes:periodic-review
  answer: met
  statement: Looked at each quarter.
  owner: ml@acme.example
  date: "2025-06-01"
  expires: "{expires}"
  evidence: proof/review.txt
- control: nsa-kubernetes:non-root
  answer: met
  statement: It is so.
  owner: ml@acme.example
  date: "2025-06-01"
  expires: "2025-09-01"
"""
REVIEW, ROOTS = "periodic-review", "non-root"
WORD = "met, says ml@acme.example on 2025-06-01, until 2025-09-01: Looked at each quarter."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "pod.yaml").write_text(POD)
    (tmp_path / "proof").mkdir()
    (tmp_path / "proof" / "review.txt").write_text("reviewed")
    write(tmp_path)
    return tmp_path


def write(folder: Path, expires: str = "2025-09-01") -> None:
    (folder / "answers.yaml").write_text(ANSWERS.format(expires=expires))


def scan(folder: Path, *options: str) -> Ran:
    profile = ("--profile", "nsa-kubernetes", "--exit-zero")
    return ran(folder, "scan", "tree", "--answers", "answers.yaml", *profile, *options)


def control(results: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (
        each
        for each in results["controls"]
        if (each["framework"], each["id"]) == ("nsa-kubernetes", name)
    )
    return dict(found)


def test_an_answer_is_a_person_s_word_in_every_report(folder: Path) -> None:
    names = ("json=r.json", "html=r.html", "markdown=r.md", "csv=r.csv", "oscal=r.oscal")
    out = [part for each in names for part in ("-o", each)]
    done = scan(folder, "--all", *out)
    assert done.code == 0, done.err
    results = json.loads((folder / "r.json").read_text())
    found = control(results, REVIEW)
    assert (found["state"], found["why"]) == ("attested", f"{WORD} (evidence proof/review.txt)")
    failing = control(results, ROOTS)
    assert failing["state"] == "not-satisfied", "what rules found does not give way to a word"
    schema = json.loads((ROOT / "policies/schema/results.v1.schema.json").read_text())
    jsonschema.validate(results, schema)
    first, second = results["answers"]
    assert (first["decides"], second["decides"]) == (1, 0)
    assert first["evidence"]["sha256"] == f"sha256:{hashlib.sha256(b'reviewed').hexdigest()}"
    for name in ("html", "md", "csv", "oscal"):
        text = (folder / f"r.{name}").read_text()
        assert "Looked at each quarter." in text or name == "oscal", name
        assert "person" in text, name
    assert "1 of 2 answers decides a control, by a person's word" in done.out
    assert WORD in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("expires", "state", "line"),
    [
        ("2025-06-16", "attested", "of ml@acme.example: ends on 2025-06-16"),
        (DAY, "undetermined", "ended on 2025-06-15, and counts no more"),
    ],
)
def test_it_counts_until_the_day_of_its_end(
    folder: Path, expires: str, state: str, line: str
) -> None:
    write(folder, expires)
    done = scan(folder, "-o", "json=r.json")
    assert control(json.loads((folder / "r.json").read_text()), REVIEW)["state"] == state
    assert line in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("second", "state"), [("1749945599", "attested"), ("1749945600", "undetermined")]
)
def test_the_day_is_that_of_utc(folder: Path, second: str, state: str) -> None:
    """It ends with the 14th in UTC, wherever the clock on the wall is ahead of that or behind."""
    write(folder, DAY)
    options = ("--answers", "answers.yaml", "--profile", "nsa-kubernetes", "--format", "json")
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        env = {"SOURCE_DATE_EPOCH": second, "TZ": zone}
        done = ran(folder, "scan", "tree", "--exit-zero", *options, env=env)
        assert control(done.results(), REVIEW)["state"] == state, zone


def test_an_answer_is_of_a_control_and_of_a_target(folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "pod.yaml").write_text(POD)
    text = ANSWERS.format(expires="2025-09-01").replace("  evidence", "  target: tr*\n  evidence")
    (folder / "answers.yaml").write_text(text)
    assert scan(folder, "other", "-q", "-o", "json=r.json").code == 0
    found = control(json.loads((folder / "r.json").read_text()), REVIEW)
    assert found["state"] == "manual", "nobody answered for the other one"
    states = {each["target"]: each["state"] for each in found["targets"]}
    assert states == {"tree": "attested", "other": "manual"}


def test_without_answers_a_person_is_asked(folder: Path) -> None:
    plain = ran(folder, "scan", "tree", "--profile", "nsa-kubernetes", "--format", "json")
    found = control(plain.results(), REVIEW)
    assert found["state"] == "manual"
    assert found["why"].startswith("Who looked at settings")
    assert "answers" not in plain.results()


def test_a_bundle_with_answers_verifies_and_replays(folder: Path) -> None:
    assert ran(folder, "keys", "create", "k.pem", "--no-passphrase").code == 0
    (folder / "k.pub").write_text(ran(folder, "keys", "export", "k.pem").out)
    assert scan(folder, "-q", "--key", "k.pem", "--output", "bundle").code == 0
    (folder / "answers.yaml").unlink()
    (folder / "proof" / "review.txt").unlink()
    assert ran(folder, "verify", "bundle", "--key", "k.pub").code == 0
    again = ran(folder, "replay", "bundle")
    assert (again.code, again.out.split()[:2]) == (0, ["REPLAY", "same"])
    assert ran(folder, "report", "bundle", "--key", "k.pub", "-o", "csv=kept.csv").code == 0
    assert "Looked at each quarter." in (folder / "kept.csv").read_text()
    kept = json.loads((folder / "bundle" / "answers.json").read_text())
    kept[0]["answer"] = "not-met"
    (folder / "bundle" / "answers.json").write_text(json.dumps(kept))
    assert ran(folder, "verify", "bundle", "--key", "k.pub").code == 4
    assert ran(folder, "replay", "bundle").code == 4


def test_waivers_and_answers_replay_together(folder: Path) -> None:
    waiver = (
        '- {id: W-1, rule: k8s-container-privileged, for: {kind: Pod, name: "*"}, reason: R, '
        'owner: o, approved-by: a, created: "2025-06-01", expires: "2025-09-01"}\n'
    )
    (folder / "waivers.yaml").write_text(waiver)
    done = scan(folder, "-q", "--waivers", "waivers.yaml", "--no-sign", "--output", "bundle")
    assert done.code == 0, done.err
    results = json.loads((folder / "bundle" / "results.json").read_text())
    assert control(results, REVIEW)["state"] == "attested"
    assert results["waivers"][0]["findings"] == 1
    for name in ("waivers.yaml", "answers.yaml"):
        (folder / name).unlink()
    later = {"SOURCE_DATE_EPOCH": "1850000000"}
    again = ran(folder, "replay", "bundle", env=later)
    assert (again.code, again.out.split()[:2]) == (0, ["REPLAY", "same"])


def test_what_is_wrong_with_the_file_is_told_before_anything_is_read(folder: Path) -> None:
    text = ANSWERS.format(expires="2025-05-01").replace("periodic-review", "periodic-reviews")
    (folder / "answers.yaml").write_text(text.replace("review.txt", "lost.txt"))
    done = scan(folder)
    assert (done.code, done.out) == (2, "")
    assert "answers.yaml:1:12: no control is called 'nsa-kubernetes:periodic-reviews'" in done.err
    assert "did you mean 'nsa-kubernetes:periodic-review'?" in done.err
    assert "answers.yaml:6:12: it expires before it begins" in done.err
    assert "answers.yaml:7:13: evidence proof/lost.txt: No such file or directory" in done.err
    assert "3 errors in the file of answers" in done.err
    missing = ran(folder, "scan", "tree", "--answers", "none.yaml")
    assert (missing.code, "none.yaml" in missing.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("proof/pipe", "no regular file"),
        ("proof/huge", "larger than 1 GiB"),
        ("proof", "no regular file"),
        ("proof/away", "outside of the folder of the answers"),
        ("../secret", "outside of the folder of the answers"),
        ("/etc/hostname", "outside of the folder of the answers"),
        ("proof/gone", "No such file or directory"),
    ],
)
def test_what_is_no_evidence(folder: Path, name: str, why: str) -> None:
    os.mkfifo(folder / "proof" / "pipe")
    with (folder / "proof" / "huge").open("wb") as file:
        file.truncate((1 << 30) + 1)
    (folder / "proof" / "away").symlink_to("/etc/hostname")
    text = ANSWERS.format(expires="2025-09-01").replace("proof/review.txt", name)
    (folder / "answers.yaml").write_text(text)
    done = scan(folder)
    assert (done.code, f"evidence {name}: {why}" in done.err) == (2, True)


def test_answers_are_asked_listed_and_checked(folder: Path) -> None:
    asked = ran(folder, "answers", "ask", "--profile", "nsa-kubernetes")
    assert "control: nsa-kubernetes:periodic-review\n" in asked.out
    (folder / "asked.yaml").write_text(asked.out)
    assert ran(folder, "answers", "list", "asked.yaml").code == 0
    listed = ran(folder, "answers", "list", "answers.yaml")
    assert "nsa-kubernetes:periodic-review  " in listed.out
    as_json = json.loads(ran(folder, "answers", "list", "answers.yaml", "--json").out)
    assert [each["control"] for each in as_json] == [
        f"nsa-kubernetes:{name}" for name in (REVIEW, ROOTS)
    ]
    checked = ran(folder, "answers", "check", "asked.yaml")
    assert (checked.code, checked.out.split()[1]) == (0, "pass")
    ended = ran(folder, "answers", "check", "asked.yaml", "--within", "366")
    assert (ended.code, ended.out.split()[-3]) == (1, "fail")
    nobody = ran(folder, "answers", "ask", "--profile", "role-grants")
    assert (nobody.code, "asks nothing of a person" in nobody.err) == (2, True)

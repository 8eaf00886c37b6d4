"""Reports of scanners and other documents about images, scanned beside what runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Ran, auditor
from tests.e2e.signed import filled, ran
from tests.unit.collectors.images.documents import (
    cyclonedx,
    database,
    fault,
    openvex,
    report,
    result,
    verified,
)
from tests.unit.collectors.images.layers import File, Saved, archived, layer
from tests.unit.collectors.images.scanners import SAYS_REPORT, scanner
from tests.unit.collectors.images.scanners import database as database_in

PHRASE = ("--passphrase-file", "secret")
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: ml}
spec: {containers: [{name: n, image: r.io/app:1}]}
"""
DAY = {"SOURCE_DATE_EPOCH": "1796040000"}  # 2026-11-30
SECRET = {"RuleID": "k", "Title": "A key", "StartLine": 1, "Match": "canary", "Code": {}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    here = tmp_path / "here"
    here.mkdir()
    (here / "pod.yaml").write_text(POD)
    return here


def put(folder: Path, **documents: object) -> None:
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))


def scan(folder: Path, *options: str | Path) -> Ran:
    return auditor("scan", folder, "--format", "json", *options, env=DAY)


def found(ran: Ran) -> dict[str, dict[str, Any]]:
    return {
        each["rule"]: each
        for each in ran.results()["findings"]
        if each["rule"].startswith("image-") and each["verdict"] != "pass"
    }


def test_the_default_judges_reports_that_are_there(folder: Path) -> None:
    assert not found(scan(folder))
    put(folder, report=report(result(fault()), {"Class": "secret", "Secrets": [SECRET]}))
    ran = scan(folder)
    assert "canary" not in ran.out
    findings = found(ran)
    assert set(findings) == {"image-fault-critical-fixable", "image-secret-left"}
    critical = findings["image-fault-critical-fixable"]
    assert critical["message"] == (
        "r.io/app:1 of Pod ml/web has 1 critical fault with a fix, by a report of its tag: "
        "CVE-0000-0001 in libx 1.0-r0, fixed in 1.1-r0"
    )
    assert critical["resource"]["kind"] == "k8s/Pod"
    assert ran.results()["gaps"] == []


def test_what_is_declared_is_shown_by_another_rule(folder: Path) -> None:
    put(folder, report=report(result(fault())), vex=openvex())
    findings = found(scan(folder))
    assert set(findings) == {"image-fault-declared-settled"}
    told = findings["image-fault-declared-settled"]
    assert (told["severity"], told["message"]) == (
        "info",
        (
            "r.io/app:1 of Pod ml/web: CVE-0000-0001 in libx is not affected, says acme on "
            "2026-11-21T10:00:00Z, vulnerable_code_not_present"
        ),
    )


def test_who_asks_for_reports_gets_gaps(folder: Path) -> None:
    ran = scan(folder, "--profile", "images")
    assert ran.code == 3
    assert [each["detail"] for each in ran.results()["gaps"]] == [
        "no report is about r.io/app:1, which Pod ml/web uses"
    ]
    assert set(found(ran)) == {"image-not-scanned"}


def test_who_has_everything_passes(folder: Path) -> None:
    put(
        folder,
        report=report(result()),
        bom=cyclonedx(),
        signature=verified(),
        version=database(),
    )
    (folder / "pod.yaml").write_text(POD.replace(":1}", ":1@" + verified_digest() + "}"))
    ran = scan(folder, "--profile", "images")
    assert (ran.code, found(ran)) == (0, {})
    old = scan(folder, "--profile", "images", "--set", "report_days=9", "--set", "database_days=0")
    findings = found(old)
    assert findings["image-report-old"]["message"].endswith(
        "the newest report is of 2026-11-20, 10 days before this audit, and 9 are allowed"
    )
    assert "by a database of 2026-11-29, 1 day before" in findings["image-database-old"]["message"]


def verified_digest() -> str:
    digest: str = verified()[0]["critical"]["image"]["docker-manifest-digest"]
    return digest


def test_a_bundle_is_judged_as_on_its_day(folder: Path, tmp_path: Path) -> None:
    put(folder, report=report(result(fault())))
    bundle = tmp_path / "bundle"
    options = ("--profile", "images", "--output", bundle, "--no-sign")
    ran = auditor("scan", folder, "--format", "json", *options, env=DAY)
    assert "image-report-old" not in found(ran)
    again = auditor("replay", bundle)
    assert again.code == 0, again.out + again.err


def test_parts_with_images_are_merged(tmp_path: Path) -> None:
    """Of each part there is a target of the images that its targets use; nobody lists it."""
    filled(tmp_path)
    made = ran(tmp_path, "keys", "create", "k.p12", "--passphrase-file", "secret")
    assert made.code == 0, made.err
    (tmp_path / "k.pub").write_text(ran(tmp_path, "keys", "export", "k.p12", *PHRASE).out)
    program, cache = scanner(tmp_path / "bin"), database_in(tmp_path / "cache")
    names = ("a", "b")
    for name in names:
        (tmp_path / f"{name}.yaml").write_text(POD.replace("app:1", f"{name}:1"))
        options = ("--offline", "--trivy", program.path, "--trivy-cache", cache, "--quiet")
        signed = ("--output", f"{name}.part", "--key", "k.p12", *PHRASE)
        done = ran(tmp_path, "scan", f"{name}.yaml", "--images", *options, *signed)
        assert done.code in {0, 1, 3}, done.err
    (tmp_path / "fleet.yaml").write_text("targets: [a.yaml, b.yaml]\n")
    parts = ("a.part", "b.part", "--parts-key", "k.pub", "--format", "json")
    for more in ((), ("--targets", "fleet.yaml")):
        merged = ran(tmp_path, "merge", *parts, *more)
        uris = [each["uri"] for each in merged.results()["targets"]]
        assert sorted(each.partition("://")[0] for each in uris) == [
            *("a.yaml", "b.yaml"),
            *("images", "images"),
        ], merged.err


@pytest.mark.parametrize(
    ("does", "options", "said"),
    [
        ("kill -9 $$", (), "1 resources, 1 not read"),
        ("echo '[]'", (), "1 resources, 1 not read"),
        (
            SAYS_REPORT,
            ("--trivy-digest", "sha256:" + "0" * 64),
            "0 resources, the program has the digest sha256:",
        ),
    ],
)
def test_a_scanner_that_misbehaves_is_a_gap_of_what_was_collected(
    folder: Path, tmp_path: Path, does: str, options: tuple[str, ...], said: str
) -> None:
    program, cache = scanner(tmp_path / "bin", does), database_in(tmp_path / "cache")
    kept = tmp_path / "kept"
    named = ("--offline", "--trivy", program.path, "--trivy-cache", cache, "--output", kept)
    done = auditor("collect", folder, "--images", *named, *options, env=DAY)
    (line,) = (each for each in done.out.splitlines() if each.startswith("images://"))
    assert done.code == 3
    assert line.partition(": ")[2].startswith(said)
    judged = auditor("evaluate", kept, "--format", "json")
    results = judged.results()
    assert judged.code == 3
    (gap,) = results["gaps"]
    assert gap["target"].startswith("images://trivy/")
    assert all(rule.startswith(("image-", "docker-build-")) for rule in gap["rules"])
    assert program.starts("image") == [] or not options


def test_options_of_a_scanner_need_somebody_to_ask_for_it(folder: Path, tmp_path: Path) -> None:
    for options, said in (
        (("--offline",), "--offline needs --images"),
        (("--trivy", ""), "--trivy needs --images"),
        (("--images", "--trivy", ""), "--trivy names no program"),
        (("--images", "--trivy-digest", "abc"), "--trivy-digest 'abc' is no digest"),
    ):
        done = auditor("collect", folder, *options, "--output", tmp_path / "kept")
        assert (done.code, done.err.splitlines()[0]) == (2, f"Error: {said}")
    assert not (tmp_path / "kept").exists()


def setuid(ran: Ran) -> dict[str, tuple[str, str]]:
    """What is said of files with the setuid bit, by whose image it is."""
    return {
        each["resource"]["name"]: (each["verdict"], each["message"])
        for each in ran.results()["findings"]
        if each["rule"] == "image-setuid-files"
    }


def test_files_of_an_archive_are_judged_for_whoever_uses_the_image(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "other.yaml").write_text(POD.replace("web", "other").replace("app:1", "other:1"))
    saved = Saved([layer(File("usr/bin/su", 0o4755), File("x"))])
    archive = archived(saved.parts(), tmp_path / "app.tar")
    options = ("--profile", "images", "--format", "json")
    bundle = ("--output", tmp_path / "bundle", "--no-sign")
    ran = auditor("scan", folder, f"images://{archive}", *options, *bundle, env=DAY)
    told = setuid(ran)
    assert told["web"] == (
        "fail",
        "r.io/app:1 of Pod ml/web has 1 file with the setuid or setgid bit: /usr/bin/su (4755)",
    )
    assert told["other"][0] == "unknown"
    assert "nobody read its layers here" in ran.out
    alone = auditor("scan", f"images://{archive}", *options, env=DAY)
    assert setuid(alone)["r.io/app:1"][0] == "fail"
    archive.unlink()
    replayed = auditor("replay", tmp_path / "bundle")
    assert replayed.code == 0, replayed.out + replayed.err


MADE: dict[str, Any] = {
    "config": {
        "Env": ["HF_TOKEN=canary-of-env"],
        "Labels": {"password": "canary-of-label"},
        "Cmd": ["serve", "--password", "canary-of-argument"],
    },
    "history": [
        {"created_by": "RUN /bin/sh -c curl -H 'Authorization: Bearer canary-of-step' x"},
        {"created_by": "ADD app.tar /app # buildkit"},
        {"created_by": 'CMD ["--password" "canary-of-command"]', "empty_layer": True},
    ],
}


def test_how_an_archive_was_made_is_judged_and_no_secret_is_kept(tmp_path: Path) -> None:
    saved = Saved([layer(File("x")), layer(File("y"))], config=MADE)
    archive = archived(saved.parts(), tmp_path / "app.tar")
    bundle = ("--output", tmp_path / "bundle", "--no-sign")
    options = ("--profile", "cis-docker", "--format", "json")
    ran = auditor("scan", f"images://{archive}", *options, *bundle, env=DAY)
    failed = {each["rule"] for each in ran.results()["findings"] if each["verdict"] == "fail"}
    assert failed == {
        *("image-user-root", "image-healthcheck-missing"),
        *("docker-build-secret-in-environment", "docker-build-secret-in-command"),
    }
    states = {each["id"]: each["state"] for each in ran.results()["controls"]}
    found = {number: states[number] for number in ("4.1", "4.6", "4.7", "4.8", "4.9", "4.10")}
    assert found == {
        **dict.fromkeys(("4.1", "4.6", "4.10"), "not-satisfied"),
        **dict.fromkeys(("4.7", "4.8", "4.9"), "satisfied"),
    }
    everything = b"".join(
        each.read_bytes() for each in (tmp_path / "bundle").rglob("*") if each.is_file()
    )
    assert b"canary-of" not in everything + (ran.out + ran.err).encode()
    archive.unlink()
    replayed = auditor("replay", tmp_path / "bundle")
    assert replayed.code == 0, replayed.out + replayed.err


def test_layers_that_no_line_is_about_are_not_known(tmp_path: Path) -> None:
    saved = Saved([layer(File("x")), layer(File("y"))], config={"config": {"User": "1"}})
    archive = archived(saved.parts(), tmp_path / "app.tar")
    ran = auditor("scan", f"images://{archive}", "--profile", "cis-docker", "--format", "json")
    told = [(each["rule"], each["verdict"]) for each in ran.results()["findings"]]
    assert told.count(("docker-build-index-updated-alone", "unknown")) == 2
    assert told.count(("docker-build-secret-in-command", "unknown")) == 2


def test_an_archive_that_is_none_is_a_gap(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "app.tar").write_text("no archive")
    options = ("--profile", "images", "--format", "json")
    ran = auditor("scan", folder, f"images://{tmp_path}/app.tar", *options, env=DAY)
    assert ran.code == 3
    (gap,) = (each for each in ran.results()["gaps"] if each["target"].startswith("images://"))
    assert gap["detail"].endswith("app.tar: an archive that ends too early")
    assert "image-setuid-files" in gap["rules"]
    assert not setuid(ran)


def test_advisories_may_not_be_too_old(folder: Path) -> None:
    (folder / "node.yaml").write_text("apiVersion: v1\nkind: Node\nmetadata: {name: gpu-1}\n")
    later = {"SOURCE_DATE_EPOCH": "1830000000"}  # 2027-12-28
    profile = ("--profile", "images", "--format", "json")

    def told(*options: str) -> list[str]:
        findings = auditor("scan", folder, *profile, *options, env=later).results()["findings"]
        return [each["message"] for each in findings if each["rule"] == "stack-advisories-old"]

    (message,) = told()
    assert "days before this audit, and 60 are allowed" in message
    assert told("--set", "pack_days=1000") == []


def setuid_control(ran: Ran) -> tuple[str, dict[str, str]]:
    """The state of the control on setuid programs, of the run and by the end of each target."""
    (found,) = (each for each in ran.results()["controls"] if each["id"] == "4.8")
    states = {each["target"].rpartition("/")[2]: each["state"] for each in found["targets"]}
    return found["state"], states


def test_what_is_joined_counts_for_the_target_that_it_is_about(
    folder: Path, tmp_path: Path
) -> None:
    """An image that nobody here uses is of its archive, one that is used of whoever uses it."""
    options = ("--profile", "cis-docker", "--format", "json")
    clean = archived(Saved([layer(File("x"))]).parts(), tmp_path / "clean.tar")
    ran = auditor("scan", f"images://{clean}", *options, env=DAY)
    assert setuid_control(ran) == ("satisfied", {"clean.tar": "satisfied"})
    saved = Saved([layer(File("usr/bin/su", 0o4755))])
    archive = archived(saved.parts(), tmp_path / "app.tar")
    ran = auditor("scan", f"images://{archive}", *options, env=DAY)
    assert setuid_control(ran) == ("not-satisfied", {"app.tar": "not-satisfied"})
    ran = auditor("scan", folder, f"images://{archive}", *options, env=DAY)
    assert setuid_control(ran) == (
        "not-satisfied",
        {"here": "not-satisfied", "app.tar": "undetermined"},
    )


def test_what_no_rule_looked_at_is_said_with_a_profile_that_does(tmp_path: Path) -> None:
    clean = archived(Saved([layer(File("x"))]).parts(), tmp_path / "clean.tar")
    ran = auditor("scan", f"images://{clean}", "--profile", "pod-security-baseline", env=DAY)
    assert ran.code == 3
    assert "nothing was audited" in ran.out
    assert f"  auditor scan images://{clean} --profile images -o json=results.json" in ran.out
    ran = auditor("scan", f"images://{clean}", "--profile", "images", env=DAY)
    assert "nothing was audited" not in ran.out

"""Images with planted faults, scanned by the real Trivy: what we tell of them, one for one.

The images are pulled from a registry on the loopback; the database has the planted faults alone.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Ran, auditor
from tests.engines.images import Registry, alpine, image, python, registry
from tests.engines.trivy import Planted, Trivy

DAY = {"SOURCE_DATE_EPOCH": "1796040000"}  # 2026-11-30
FAULTS = (
    Planted("CVE-0000-0001", "libplanted", "CRITICAL", "1.0.1-r0"),
    Planted("CVE-0000-0002", "libplanted", "HIGH"),
    Planted("CVE-0000-0003", "libplanted", "MEDIUM", "1.0.1-r0"),
    Planted("CVE-0000-0004", "libplanted", "HIGH", "0.9-r0"),
    Planted("CVE-0000-0005", "planted", "HIGH", "2.0", python=True),
    Planted("CVE-0000-0006", "absent", "CRITICAL", "2.0", python=True),
)
KEY = "aws_access_key_id = AKIA" + "Q3EGRZ7PL5TKWNDX\n"
PLANTED = image(
    {**alpine({"libplanted": "1.0.0-r0"}), **python("planted", "1.0"), "app/key": KEY}, User="0"
)
CLEAN = image(alpine({"libplanted": "1.0.1-r0"}), User="10001")
BARE = image({"bin/x": b"x"}, User="10001")


@pytest.fixture(scope="module")
def served() -> Iterator[Registry]:
    with registry() as running:
        yield running


@pytest.fixture(scope="module")
def cache(trivy: Trivy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trivy.database(tmp_path_factory.mktemp("trivy") / "cache", *FAULTS)


@pytest.fixture
def folder(served: Registry, tmp_path: Path) -> Path:
    """Manifests of three pods; one of them has the image of another by its tag as well."""
    here = tmp_path / "here"
    here.mkdir()
    pushed = [
        served.push("planted:1", PLANTED),
        served.push("clean:1", CLEAN),
        served.push("bare:1", BARE),
    ]
    for name, reference in zip(("planted", "clean", "bare"), pushed, strict=True):
        (here / f"{name}.yaml").write_text(
            f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: ml}}\n"
            f"spec: {{containers: [{{name: n, image: '{reference}'}}]}}\n"
        )
    return here


def scan(trivy: Path, cache: Path, *arguments: str | Path, **env: str) -> Ran:
    chosen = ("--offline", "--trivy", trivy, "--trivy-cache", cache, "--format", "json")
    return auditor("scan", *arguments, "--images", *chosen, env={**DAY, **env})


def told(results: dict[str, Any]) -> set[tuple[str, str, str]]:
    """The findings about images: (owner, rule, verdict)."""
    return {
        (each["resource"]["name"], each["rule"].removeprefix("image-"), each["verdict"])
        for each in results["findings"]
        if each["rule"].startswith("image-")
    }


WRONG = {
    ("planted", "fault-critical-fixable", "fail"),
    ("planted", "fault-high-fixable", "fail"),
    ("planted", "secret-left", "fail"),
    ("bare", "fault-critical-fixable", "unknown"),
    ("bare", "fault-high-fixable", "unknown"),
}


def test_what_was_planted_is_told(trivy: Trivy, cache: Path, folder: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    log, wrapper = tmp_path / "starts", tmp_path / "trivy"
    wrapper.write_text(f'#!/bin/sh\necho "$1" >> {log}\nexec {trivy.program} "$@"\n')
    wrapper.chmod(0o755)
    kept = {"XDG_CACHE_HOME": str(tmp_path / "home")}
    ran = scan(wrapper, cache, folder, "--output", bundle, "--no-sign", **kept)
    results = ran.results()
    assert {each for each in told(results) if each[1] != "system-ended"} == WRONG, ran.err
    messages = {
        each["rule"]: each["message"] for each in results["findings"] if each["verdict"] == "fail"
    }
    assert messages["image-fault-critical-fixable"].endswith(
        " of Pod ml/planted has 1 critical fault with a fix: "
        "CVE-0000-0001 in libplanted 1.0.0-r0, fixed in 1.0.1-r0"
    )
    assert messages["image-fault-high-fixable"].endswith(
        " has 1 high fault with a fix: CVE-0000-0005 in planted 1.0, fixed in 2.0"
    )
    assert "AWS Access Key ID in /app/key" in messages["image-secret-left"]
    assert results["gaps"] == []
    everything = b"".join(each.read_bytes() for each in bundle.rglob("*") if each.is_file())
    assert KEY.rsplit(maxsplit=1)[-1].encode() not in everything
    assert log.read_text().split() == ["version", "image", "image", "image"]
    again = scan(wrapper, cache, folder, **kept)
    assert told(again.results()) == told(results)
    assert len(log.read_text().split()) == 4, "unchanged digests start it not once"
    shutil.rmtree(folder)
    replayed = auditor("replay", bundle, env={"PATH": "/nonexistent"})
    assert replayed.code == 0, replayed.out + replayed.err


def test_what_was_collected_is_judged_without_a_scanner(
    trivy: Trivy, cache: Path, folder: Path, tmp_path: Path
) -> None:
    scanned = scan(trivy.program, cache, folder).results()
    kept = tmp_path / "kept"
    digest = f"sha256:{hashlib.sha256(trivy.program.read_bytes()).hexdigest()}"
    options = ("--offline", "--trivy", trivy.program, "--trivy-cache", cache)
    pinned = ("--trivy-digest", digest, "--output", kept)
    ran = auditor("collect", folder, "--images", *options, *pinned, env=DAY)
    assert ran.code == 0, ran.err
    assert re.search(r"^images://trivy/\w+: 4 resources, 0 not read$", ran.out, re.MULTILINE)
    shutil.rmtree(folder)
    nowhere = {"PATH": "/nonexistent", "AUDITOR_TRIVY": "/nonexistent/trivy"}
    judged = auditor("evaluate", kept, "--format", "json", env=nowhere).results()
    assert told(judged) == told(scanned) >= WRONG
    assert judged["gaps"] == []
    more = auditor("evaluate", kept, "--profile", "images", "--format", "json", env=nowhere)
    assert ("clean", "sbom-missing", "fail") in told(more.results()), "by another profile as well"


def test_a_real_program_is_refused_by_its_digest(
    trivy: Trivy, cache: Path, folder: Path, tmp_path: Path
) -> None:
    """By a row that is added to those of the program, whatever digest the user names."""
    digest = f"sha256:{hashlib.sha256(trivy.program.read_bytes()).hexdigest()}"
    row = {"program": "trivy", "digest": digest, "what": "it stole"}
    tables = tmp_path / "policies" / "tables"
    tables.mkdir(parents=True)
    rows = [{**row, "reference": "https://a.example"}]
    (tables / "refused-programs.yaml").write_text(json.dumps(rows))
    options = ("--policies", tables.parent, "--trivy-digest", digest)
    results = scan(trivy.program, cache, folder, *options).results()
    (gap,) = results["gaps"]
    assert gap["detail"].endswith(" is refused: it stole: https://a.example")
    assert told(results) == set()


def test_an_image_that_is_nowhere_blinds_what_rests_on_it(
    trivy: Trivy, cache: Path, folder: Path, served: Registry
) -> None:
    manifest = (folder / "clean.yaml").read_text()
    gone = f"{served.address}/gone:1"
    (folder / "gone.yaml").write_text(
        manifest.replace("name: clean", "name: gone").replace(
            f"{served.address}/clean@{CLEAN.digest}", gone
        )
    )
    results = scan(trivy.program, cache, folder).results()
    (gap,) = results["gaps"]
    assert (gap["target"].rpartition("/")[0], gap["cause"]) == ("images://trivy", "unreachable")
    assert gap["detail"].startswith(f"{gone} was not scanned: GET http://{served.address}/v2/gone/")
    assert all(rule.startswith(("image-", "docker-build-")) for rule in gap["rules"])
    assert told(results) >= WRONG


@pytest.fixture(scope="module")
def made(trivy: Trivy, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Trivy writes of a layout and an archive of an image, and of what is no image."""
    home = tmp_path_factory.mktemp("made")
    layout = PLANTED.layout(home / "layout")
    archive = PLANTED.archive(home / "archive.tar", "r.io/planted:1")
    bare = BARE.layout(home / "bare")
    (home / "src").mkdir()
    (home / "src" / "requirements.txt").write_text("planted==1.0\n")
    (home / "src" / "Dockerfile").write_text("FROM scratch\nUSER 0\n")
    offline = ["--cache-dir", cache, "--skip-db-update", "--offline-scan", "--quiet"]
    here = home / "made"
    here.mkdir()
    commands = {
        "layout": ["image", "--format", "json", *offline, "--input", layout],
        "archive": ["image", "--format", "json", *offline, "--input", archive],
        "bare": ["image", "--format", "json", *offline, "--input", bare],
        "cyclonedx": ["image", "--format", "cyclonedx", *offline, "--input", archive],
        "spdx": ["image", "--format", "spdx-json", *offline, "--input", archive],
        "folder": ["fs", "--format", "json", *offline, home / "src"],
        "config": ["config", "--format", "json", "--quiet", "--skip-check-update", home / "src"],
        "folder-cyclonedx": ["fs", "--format", "cyclonedx", *offline, home / "src"],
        "sbom": ["sbom", "--format", "json", *offline, here / "cyclonedx.json"],
        "folder-sbom": ["sbom", "--format", "json", *offline, here / "folder-cyclonedx.json"],
    }
    for name, words in commands.items():
        trivy.told(home, here / f"{name}.json", *words)
    with_vex(trivy, home, here, offline)
    return here


PURL = "pkg:apk/alpine/libplanted@1.0.0-r0"
WHEN = "2026-11-21T10:00:00Z"


def with_vex(trivy: Trivy, home: Path, here: Path, offline: list[Any]) -> None:
    """Statements of each form about one fault, and what Trivy makes of them by itself."""
    bom = json.loads((here / "cyclonedx.json").read_text())
    for name, document in statements(bom).items():
        file = here / f"{name}.vex.json"
        file.write_text(json.dumps(document))
        words = ["image", "--input", home / "archive.tar"]
        if name == "cyclonedx":
            words = ["sbom", here / "cyclonedx.json"]
        more = ["--format", "json", *offline, "--vex", file, "--show-suppressed"]
        trivy.told(home, here / f"{name}.suppressed.json", words[0], *more, *words[1:])


def statements(bom: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """That CVE-0000-0001 does not affect the planted package, as each form says it."""
    return {"openvex": openvex(), "csaf": csaf(), "cyclonedx": cyclonedx(bom)}


def openvex() -> dict[str, Any]:
    """As OpenVEX says it."""
    statement = {
        "vulnerability": {"name": "CVE-0000-0001"},
        "products": [{"@id": PURL}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_present",
    }
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://acme.example/vex",
        "author": "acme",
        "timestamp": WHEN,
        "version": 1,
        "statements": [statement],
    }


def csaf() -> dict[str, Any]:
    """As CSAF says it."""
    publisher = {"name": "acme", "category": "vendor", "namespace": "https://a.example"}
    tracking = {
        "id": "1",
        "status": "final",
        "version": "1",
        "initial_release_date": WHEN,
        "current_release_date": WHEN,
        "revision_history": [{"date": WHEN, "number": "1", "summary": "s"}],
    }
    about = {"category": "csaf_vex", "csaf_version": "2.0", "title": "t"}
    product = {"product_id": "P", "product_identification_helper": {"purl": PURL}, "name": "p"}
    said = {
        "cve": "CVE-0000-0001",
        "product_status": {"known_not_affected": ["P"]},
        "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["P"]}],
    }
    return {
        "document": {**about, "publisher": publisher, "tracking": tracking},
        "product_tree": {"full_product_names": [product]},
        "vulnerabilities": [said],
    }


def cyclonedx(bom: dict[str, Any]) -> dict[str, Any]:
    """As CycloneDX says it, of a package of an SBOM."""
    (ref,) = (each["bom-ref"] for each in bom["components"] if each["name"] == "libplanted")
    serial = bom["serialNumber"].removeprefix("urn:uuid:")
    said = {
        "id": "CVE-0000-0001",
        "analysis": {"state": "not_affected", "justification": "code_not_present"},
        "affects": [{"ref": f"urn:cdx:{serial}/1#{ref}"}],
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"timestamp": WHEN, "supplier": {"name": "acme"}},
        "vulnerabilities": [said],
    }


def settled(folder: Path) -> tuple[list[str], list[str]]:
    """The messages about critical faults, and about those that are declared settled."""
    found = auditor("scan", folder, "--format", "json", env=DAY).results()["findings"]
    rules = ("image-fault-critical-fixable", "image-fault-declared-settled")
    critical, declared = ([e["message"] for e in found if e["rule"] == rule] for rule in rules)
    return critical, declared


@pytest.mark.parametrize("form", ["openvex", "csaf", "cyclonedx"])
def test_we_take_statements_as_trivy_does(made: Path, tmp_path: Path, form: str) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    shutil.copy(made / f"{form}.suppressed.json", theirs)
    shutil.copy(made / "archive.json", ours)
    before, none = settled(ours)
    assert (len(before), none) == (1, [])
    assert before[0].count("CVE-0000-0001") == 1
    shutil.copy(made / f"{form}.vex.json", ours)
    if form == "cyclonedx":
        assert settled(ours)[0] == before, "nobody knows which image that SBOM is of"
        shutil.copy(made / "cyclonedx.json", ours)
    source = "CycloneDX VEX" if form == "cyclonedx" else f"{form}.vex.json"
    for folder, by in ((theirs, source), (ours, f"acme on {WHEN}")):
        critical, (declared,) = settled(folder)
        assert critical == []
        assert "CVE-0000-0001 in libplanted is not affected, says " in declared
        assert by in declared


@pytest.mark.parametrize("name", ["layout", "archive", "sbom"])
def test_a_report_of_an_image_in_files(made: Path, tmp_path: Path, name: str) -> None:
    shutil.copy(made / f"{name}.json", tmp_path)
    results = auditor("scan", tmp_path, "--format", "json", env=DAY).results()
    rules = {each["rule"]: each["message"] for each in results["findings"]}
    assert ("image-secret-left" in rules) == (name != "sbom")
    assert "CVE-0000-0001" in rules["image-fault-critical-fixable"]
    assert "CVE-0000-0005" in rules["image-fault-high-fixable"]


def test_an_image_without_packages_is_not_known(made: Path, tmp_path: Path) -> None:
    report = json.loads((made / "bare.json").read_text())
    assert report.get("Results") is None, "of this the test is"
    shutil.copy(made / "bare.json", tmp_path)
    results = auditor("scan", tmp_path, "--format", "json", env=DAY).results()
    assert {
        (each["rule"], each["verdict"])
        for each in results["findings"]
        if each["rule"].startswith("image-fault")
    } == {
        ("image-fault-critical-fixable", "unknown"),
        ("image-fault-high-fixable", "unknown"),
    }


@pytest.mark.parametrize("name", ["folder", "config", "folder-sbom"])
def test_reports_of_what_is_no_image_say_nothing_of_any(
    made: Path, tmp_path: Path, name: str
) -> None:
    shutil.copy(made / f"{name}.json", tmp_path)
    ran = auditor("scan", tmp_path, "--format", "json", env=DAY)
    results = ran.results()
    assert results["gaps"] == []
    assert not [each for each in results["findings"] if each["rule"].startswith("image-")]


@pytest.mark.parametrize("name", ["cyclonedx", "spdx"])
def test_its_sbom_is_of_the_image_of_its_report(made: Path, tmp_path: Path, name: str) -> None:
    shutil.copy(made / "archive.json", tmp_path)
    profile = ("--profile", "images", "--format", "json")
    assert ("archive.json", "sbom-missing") in _missing(
        auditor("scan", tmp_path, *profile, env=DAY)
    )
    shutil.copy(made / f"{name}.json", tmp_path)
    assert not _missing(auditor("scan", tmp_path, *profile, env=DAY))


def _missing(ran: Ran) -> set[tuple[str, str]]:
    return {
        (Path(each["resource"]["file"]).name, "sbom-missing")
        for each in ran.results()["findings"]
        if each["rule"] == "image-sbom-missing" and each["verdict"] == "fail"
    }

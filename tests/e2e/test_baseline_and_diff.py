"""What is new against an earlier bundle, and why: the estate, the policy or the tool."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from auditor.evidence.keys import read_key
from auditor.evidence.layout import MANIFEST, Manifest
from auditor.evidence.writing import entries
from tests.e2e.command import ROOT, Ran, auditor
from tests.unit.evidence.bundles import POD, Made, resealed

CLEAN = POD.replace("privileged: true", "privileged: false")


def ran(folder: Path, *arguments: str | Path) -> Ran:
    env = {"SOURCE_DATE_EPOCH": "1750000000", "PYTHONPATH": str(ROOT)}
    return auditor(*arguments, cwd=folder, env=env)


def scan(folder: Path, place: str, *options: str | Path) -> Ran:
    return ran(folder, "scan", "tree", "-q", "--key", "k.pem", "--output", place, *options)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("once")
    (made / "tree").mkdir()
    (made / "tree" / "pod.yaml").write_text(POD)
    assert ran(made, "keys", "create", "k.pem", "--no-passphrase").code == 0
    (made / "k.pub").write_text(ran(made, "keys", "export", "k.pem").out)
    assert scan(made, "before").code == 1
    return made


@pytest.fixture
def folder(once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(once, tmp_path, dirs_exist_ok=True))


AGAINST = ("--baseline", "before", "--baseline-key", "k.pub")


def test_what_was_known_does_not_fail(folder: Path) -> None:
    done = ran(folder, "scan", "tree", *AGAINST)
    assert done.code == 0, done
    assert re.search(r"since the baseline \(run \w{12}\): 0 new; \d+ known", done.out)
    assert "; 0 gone" in done.out
    (folder / "tree" / "more.yaml").write_text(POD.replace("shell", "other"))
    done = ran(folder, "scan", "tree", *AGAINST, "--format", "json")
    results = done.results()
    assert done.code == 1
    assert results["gate"]["reasons"][0].startswith("1 new finding at or above")
    fresh = [item for item in results["findings"] if item.get("new")]
    assert {item["resource"]["name"] for item in fresh} == {"other"}
    assert results["baseline"]["new"] == len(fresh)
    assert results["baseline"]["known"] == len(results["findings"]) - len(fresh)
    shown = ran(folder, "scan", "tree", *AGAINST).out
    assert "Pod ml/other, container main (new)" in shown
    lines = shown.splitlines()
    assert lines[1].startswith(f"  since the baseline (run {results['baseline']['run'][:12]}): ")
    assert f" {len(fresh)} new (" in lines[1]
    known = lines.index("Known of the baseline, and not counted")
    assert not [line for line in lines[known:] if line.endswith("(new)")]
    assert "Pod ml/shell" not in shown, "what is known has a line a rule"


def test_one_more_with_a_version_that_is_known_has_no_new_fault(folder: Path) -> None:
    """Where a version is, and how often, is in the message: the fault is that of the version."""
    server = POD.replace("name: shell", "name: {}").replace("image: ", "image: ")
    image = "nvcr.io/nvidia/tritonserver:25.06-py3"
    server = re.sub("image: .*?(?=[,}]|$)", f"image: {image}", server, flags=re.MULTILINE)
    assert server.count(image) == 1, server
    (folder / "tree" / "pod.yaml").write_text(server.replace("{}", "second", 1))
    assert scan(folder, "one").code == 1
    (folder / "tree" / "more.yaml").write_text(server.replace("{}", "first", 1))
    against = ("--baseline", "one", "--baseline-key", "k.pub", "--format", "json")
    found = ran(folder, "scan", "tree", *against).results()["findings"]
    (vulnerable,) = [item for item in found if item["rule"] == "model-server-vulnerable"]
    assert "of Pod ml/first and 1 more has known faults" in vulnerable["message"]
    assert not vulnerable.get("new"), "a baseline knows it"


def test_a_bundle_against_a_baseline_replays(folder: Path) -> None:
    assert scan(folder, "after", *AGAINST).code == 0
    shutil.rmtree(folder / "before")
    done = ran(folder, "replay", "after")
    assert (done.code, done.err) == (0, ""), done.out
    assert ran(folder, "verify", "after", "--key", "k.pub").code == 0


def test_a_finding_that_got_worse_is_new(folder: Path) -> None:
    results = json.loads((folder / "before" / "results.json").read_text())
    mild = next(item for item in results["findings"] if item["severity"] == "low")
    own = folder / "own" / "profiles"
    own.mkdir(parents=True)
    change = f"{{rule: {mild['rule']}, severity: high, reason: Here it is worse.}}"
    text = (
        f"id: harsh\ntitle: Harsh\nextends: [ai-platform]\noverrides:\n  - {change}\ngate: high\n"
    )
    (own / "harsh.yaml").write_text(text)
    options = ("--policies", "own", "--profile", "harsh", "--format", "json")
    refused = ran(folder, "scan", "tree", *options, *AGAINST)
    assert refused.code == 2
    assert "the baseline was judged by ai-platform, this run is by harsh" in refused.err
    done = ran(folder, "scan", "tree", *options, *AGAINST, "--baseline-any")
    assert done.code == 1, done.err
    fresh = {item["rule"] for item in done.results()["findings"] if item.get("new")}
    assert fresh == {mild["rule"]}


def test_a_baseline_of_something_else(folder: Path) -> None:
    """Paths in it are the same, and so are the fingerprints."""
    shutil.copytree(folder / "tree", folder / "theirs")
    done = ran(folder, "scan", "theirs", *AGAINST)
    assert done.code == 2, done
    assert "it has tree, this run has not; this run has theirs, it has not" in done.err
    assert "hint: name a baseline of the same targets and profile" in done.err
    assert ran(folder, "scan", "./tree/", *AGAINST).code == 0
    moved = ran(folder, "scan", "theirs", *AGAINST, "--baseline-any", "-q", "--output", "after")
    assert moved.code == 0, moved.err
    kept = json.loads((folder / "after/baseline.json").read_text())
    assert (kept["targets"], kept["profile"]) == ([["tree", "files"]], "ai-platform")
    assert ran(folder, "replay", "after").code == 0


BROKEN = {
    "any, of none": (("--baseline-any",), 2, "--baseline-any need --baseline"),
    "no key": (("--baseline", "before"), 2, "a baseline must verify"),
    "no baseline": (("--baseline-key", "k.pub"), 2, "--baseline-any need --baseline"),
    "both": ((*AGAINST, "--baseline-trust", "k.pub"), 2, "a baseline must verify"),
    "nothing there": (("--baseline", "none", "--baseline-key", "k.pub"), 2, "no such bundle"),
    "another key": (("--baseline", "before", "--baseline-key", "other.pub"), 4, "is not trusted"),
    "changed": (("--baseline", "changed", "--baseline-key", "k.pub"), 4, "INTEGRITY: results.json"),
}


@pytest.mark.parametrize(("options", "code", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_a_baseline_must_verify(
    folder: Path, options: tuple[str, ...], code: int, says: str
) -> None:
    shutil.copytree(folder / "before", folder / "changed")
    with (folder / "changed" / "results.json").open("a") as file:
        file.write(" ")
    assert ran(folder, "keys", "create", "other.pem", "--no-passphrase").code == 0
    (folder / "other.pub").write_text(ran(folder, "keys", "export", "other.pem").out)
    done = ran(folder, "scan", "tree", *options)
    assert done.code == code, done
    assert says in done.err
    assert done.out == ""


def _of_an_earlier_version(place: Path) -> None:
    """As a bundle was before elements were told by names: other fingerprints, and no causes."""
    results = place / "results.json"
    found = json.loads(results.read_text())
    assert found["tool"].pop("fingerprints") == 2
    text = results.read_text().replace(',"fingerprints":2', "")
    text = re.sub(',"causes":\\[[^]]*\\]', "", text)
    for item in found["findings"]:
        text = text.replace(item["fingerprint"], item["fingerprint"][::-1])
    results.write_text(text)
    resealed(Made(place, read_key(place.parent / "k.pem", lambda _: None)))


def test_a_baseline_of_an_earlier_version(folder: Path) -> None:
    """Everything would be new."""
    _of_an_earlier_version(folder / "before")
    done = ran(folder, "scan", "tree", *AGAINST)
    assert done.code == 2, done
    assert "the baseline before is of a version that told findings apart otherwise" in done.err
    assert "hint: make a new one of the state that was accepted" in done.err
    done = ran(folder, "diff", "before", "before")
    assert (done.code, done.out) == (0, "DIFF new=0 gone=0 changed=0 estate=0 policy=0 tool=0\n")
    assert "before: findings had other fingerprints then" in done.err


def test_nothing_is_judged_where_nothing_is_other(folder: Path) -> None:
    assert scan(folder, "again").code == 1
    done = ran(folder, "diff", "before", "again", "--progress", "plain")
    assert (done.code, done.err) == (0, "")
    assert done.out == "DIFF new=0 gone=0 changed=0 estate=0 policy=0 tool=0\n"
    pod = folder / "tree" / "pod.yaml"
    pod.write_text(pod.read_text().replace("privileged: true", "privileged: false"))
    assert scan(folder, "less").code in {0, 1}
    done = ran(folder, "diff", "before", "less", "--progress", "plain")
    assert (done.code, "tree: 1/1 parts" in done.err) == (1, True), done


def test_a_known_fault_hides_no_other(folder: Path) -> None:
    """One capability was known, one more is new; another image of the same is not."""
    pod = POD.replace("privileged: true", "capabilities: {add: [NET_RAW]}")
    (folder / "tree" / "pod.yaml").write_text(pod)
    assert scan(folder, "first").code in {0, 1}
    known = ("--baseline", "first", "--baseline-key", "k.pub", "--format", "json")
    (folder / "tree" / "pod.yaml").write_text(pod.replace("NET_RAW", "SYS_ADMIN, NET_RAW"))
    found = ran(folder, "scan", "tree", *known).results()
    fresh = [item for item in found["findings"] if item.get("new")]
    assert [item["rule"] for item in fresh] == ["k8s-container-capabilities-added"]
    assert scan(folder, "after").code in {0, 1}
    assert changes(folder, "first") == {"changed k8s-container-capabilities-added": ["estate"]}


def test_a_baseline_is_judged_by_the_clock(folder: Path) -> None:
    """Whatever SOURCE_DATE_EPOCH says: builds export it to make the same bytes."""
    text = "keys: [{file: k.pub, name: old, valid-until: 2025-07-01}]\n"
    (folder / "trust.yaml").write_text(text)
    done = ran(folder, "scan", "tree", "--baseline", "before", "--baseline-trust", "trust.yaml")
    assert done.code == 4, done
    assert "old: the key was valid until 2025-07-01" in done.err


def changes(folder: Path, before: str = "before", after: str = "after") -> dict[str, list[str]]:
    """Of each change: what rule, what happened, and why."""
    done = ran(folder, "diff", before, after, "--json")
    found = json.loads(done.out)["changes"]
    assert done.code == (1 if found else 0)
    return {f"{item['what']} {item['rule']}": item["why"] for item in found}


def test_nothing_is_different(folder: Path) -> None:
    assert scan(folder, "after").code == 1
    assert changes(folder) == {}
    assert ran(folder, "diff", "before", "after").out == (
        "DIFF new=0 gone=0 changed=0 estate=0 policy=0 tool=0\n"
    )


def test_the_estate_changed(folder: Path) -> None:
    (folder / "tree" / "pod.yaml").write_text(CLEAN)
    assert scan(folder, "after").code in {0, 1}
    found = changes(folder)
    assert found["gone k8s-container-privileged"] == ["estate"]
    assert {why for reasons in found.values() for why in reasons} == {"estate"}


def test_the_policy_changed(folder: Path) -> None:
    assert scan(folder, "after", "--profile", "pod-security-restricted").code in {0, 1}
    found = changes(folder)
    assert "gone k8s-container-privileged" not in found, "both profiles have it"
    assert {why for reasons in found.values() for why in reasons} == {"policy"}


def test_both_changed(folder: Path) -> None:
    (folder / "tree" / "pod.yaml").write_text(CLEAN)
    (folder / "tree" / "more.yaml").write_text(POD.replace("shell", "other"))
    assert scan(folder, "after", "--profile", "pod-security-restricted").code == 1
    done = ran(folder, "diff", "before", "after", "--json")
    by_name = {
        (item["rule"], item["what"]): item["why"] for item in json.loads(done.out)["changes"]
    }
    assert by_name["k8s-container-privileged", "gone"] == ["estate"]
    assert "policy" in {why for reasons in by_name.values() for why in reasons}


def test_the_tool_changed(folder: Path) -> None:
    """A bundle of a version that said something else: its evidence, judged now, says why."""
    place = shutil.copytree(folder / "before", folder / "after")
    results = place / "results.json"
    text = results.read_text().replace("container main is privileged", "container main is bad")
    results.write_text(text)
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["version"] = "0.0.1"
    (place / "manifest.json").write_text(json.dumps(manifest))
    _rehash(place, "results.json")
    found = changes(folder, "after", "before")
    assert found == {"changed k8s-container-privileged": ["tool"]}
    done = ran(folder, "replay", "after")
    assert done.code == 4
    assert "program: 0.0.1 judged then" in done.out
    assert "fail critical -> fail critical k8s-container-privileged" in done.out


def test_results_that_the_evidence_does_not_give(folder: Path) -> None:
    """By the same version, of the same evidence: the estate can't be why."""
    place = shutil.copytree(folder / "before", folder / "after")
    results = place / "results.json"
    text = results.read_text()
    results.write_text(text.replace("container main is privileged", "container main is fine"))
    _rehash(place, "results.json")
    assert changes(folder) == {"changed k8s-container-privileged": ["tool"]}
    assert changes(folder, "after", "before") == {"changed k8s-container-privileged": ["tool"]}
    results.write_text("\n")
    _rehash(place, "results.json")
    done = ran(folder, "diff", "before", "after")
    assert done.code == 4, done
    assert "Error: results.json: " in done.err


def test_passes_that_one_side_does_not_list(folder: Path) -> None:
    assert scan(folder, "all", "--all").code == 1
    assert changes(folder, "before", "all") == {}
    (folder / "tree" / "pod.yaml").write_text(CLEAN)
    assert scan(folder, "clean", "--all").code in {0, 1}
    assert changes(folder, "before", "clean")["gone k8s-container-privileged"] == ["estate"]
    assert changes(folder, "all", "clean")["changed k8s-container-privileged"] == ["estate"]


def _rehash(place: Path, name: str) -> None:
    manifest = msgspec.json.decode((place / MANIFEST).read_bytes(), type=Manifest)
    files = tuple(sorted(entries(place)))
    assert name in {each.path for each in files}
    changed = msgspec.structs.replace(manifest, files=files)
    (place / MANIFEST).write_bytes(msgspec.json.encode(changed))


def test_collected_evidence_has_nothing_to_compare(folder: Path) -> None:
    done = ran(folder, "diff", "before", "none")
    assert done.code == 2
    assert "no such bundle" in done.err

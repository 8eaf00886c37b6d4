"""A configuration file: written, found, obeyed or not, and shown in what comes of it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.e2e.command import auditor
from tests.e2e.signed import ran
from tests.unit.evidence.bundles import POD

RULE = "k8s-container-privileged"
TEXT = "targets: [tree]\nprofile: pod-security-baseline\nfail-on: critical>5\n"
HOSTILE = "targets: [nothing]\nfail-on: never\nprofile: nope\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "pod.yaml").write_text(POD)
    (tmp_path / "auditor.yaml").write_text(TEXT)
    return tmp_path


def digest(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_a_scan_without_targets_goes_by_it(folder: Path) -> None:
    done = auditor("scan", "--format", "json", cwd=folder)
    found = done.results()
    assert (done.code, done.err) == (0, "")
    assert found["gate"]["expression"] == "critical>5"
    assert found["profile"]["id"] == "pod-security-baseline"
    assert [each["uri"] for each in found["targets"]] == ["tree"]
    assert found["configuration"] == {
        "file": "auditor.yaml",
        "digest": digest(folder / "auditor.yaml"),
    }
    below = auditor("scan", "--format", "json", cwd=folder / "tree" / "deep").results()
    assert [each["uri"] for each in below["targets"]] == [".."]
    assert below["configuration"]["file"] == "../../auditor.yaml"
    assert below["configuration"]["digest"] == found["configuration"]["digest"]
    prints = [[each["fingerprint"] for each in one["findings"]] for one in (found, below)]
    assert prints[0] == prints[1]


def test_the_screen_names_it(folder: Path) -> None:
    done = auditor("scan", cwd=folder)
    short = digest(folder / "auditor.yaml")[:19]
    assert f"configuration auditor.yaml ({short})" in done.out
    assert "auditor scan --config auditor.yaml -o json=results.json" in done.out
    markdown = auditor("scan", "--format", "markdown", cwd=folder).out
    assert f"configuration auditor.yaml ({short})" in markdown


def test_what_a_run_goes_by_is_no_part_of_what_it_reads(folder: Path) -> None:
    """The file, what it names, and the report of the last run; the same names elsewhere are."""
    (folder / "auditor.yaml").write_text(
        "targets: [.]\nwaivers: ok.yaml\noutputs: {json: results.json}\nfail-on: never\n"
    )
    (folder / "ok.yaml").write_text("[]\n")
    (folder / "tree" / "ok.yaml").write_text("[]\n")
    for _ in range(2):
        done = auditor("scan", cwd=folder)
        assert (done.code, done.err) == (0, "")
        target = json.loads((folder / "results.json").read_bytes())["targets"][0]
        assert target["others"] == {"count": 1, "named": ["tree/ok.yaml:1"]}
        assert target["files"] == 2
    done = auditor("scan", "auditor.yaml", "--format", "json", cwd=folder)
    assert done.results()["targets"][0]["others"]["named"] == ["auditor.yaml:1"]


def test_options_win_over_it(folder: Path) -> None:
    done = auditor("scan", "--fail-on", "critical", "--format", "json", cwd=folder)
    assert (done.code, done.results()["gate"]["expression"]) == (1, "critical")
    assert done.results()["profile"]["id"] == "pod-security-baseline"


@pytest.mark.parametrize("targets", [("tree",), (".",)])
def test_who_names_targets_names_the_rest(folder: Path, targets: tuple[str, ...]) -> None:
    """Whatever the tree says that is only scanned, from within it too."""
    (folder / "auditor.yaml").write_text(HOSTILE)
    (folder / "tree" / "auditor.yaml").write_text(HOSTILE)
    done = auditor("scan", *targets, "--format", "json", cwd=folder)
    assert done.code == 1
    assert done.results()["profile"]["id"] == "ai-platform"
    assert "configuration" not in done.results()
    assert done.err.startswith("auditor: auditor.yaml is not used, for targets are named")
    assert auditor("scan", *targets, "-q", cwd=folder).err == ""
    silent = auditor("scan", *targets, "--no-config", "--format", "json", cwd=folder)
    assert (silent.code, silent.err) == (1, "")
    assert auditor("scan", *targets, "--config", "auditor.yaml", cwd=folder).code == 2


def test_a_tree_that_is_scanned_from_elsewhere_is_not_obeyed(folder: Path, tmp_path: Path) -> None:
    (folder / "tree" / "auditor.yaml").write_text(HOSTILE)
    (folder / "tree" / ".git").mkdir()
    assert auditor("scan", "--format", "json", cwd=folder).results()["gate"]["exit"] == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".git").mkdir()
    done = auditor("scan", folder / "tree", "--format", "json", cwd=elsewhere)
    assert (done.code, done.err) == (1, "")
    assert done.results()["profile"]["id"] == "ai-platform"


def test_without_one_a_target_is_needed(folder: Path) -> None:
    for options, where in (((), folder / "tree"), (("--no-config",), folder)):
        (folder / "tree" / ".git").mkdir(exist_ok=True)
        done = auditor("scan", *options, cwd=where)
        assert (done.code, done.out) == (2, "")
        assert "Missing argument 'TARGET...'" in done.err
        assert "auditor init" in done.err


def test_a_file_of_others_is_refused(folder: Path) -> None:
    place = folder / "auditor.yaml"
    place.chmod(0o666)
    done = auditor("scan", cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert "auditor.yaml is not believed: everybody may write to it" in done.err
    assert auditor("scan", "--config", "auditor.yaml", "-q", cwd=folder).code == 0
    place.chmod(0o644)
    place.rename(folder / "other.yaml")
    place.symlink_to("other.yaml")
    done = auditor("scan", cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert "it is a link, and nobody named it" in done.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(folder: Path) -> None:
    os.chown(folder / "auditor.yaml", 12345, -1)
    done = auditor("scan", cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert "it is owned by another user (12345" in done.err


WRONG = """\
targets: [., missing]
profile: cis-kubernets
fail-on: hihg
parameters: {vesion: "1.30"}
policies: [own]
outputs: {csv: none/a.csv, json: ../b.json}
waivers: w.yaml
answers: a.yaml
baseline: b.zip
baseline-key: k.pub
timeout: soon
"""


def test_what_is_named_and_not_there_is_said_with_the_rest(folder: Path) -> None:
    """The form of a file, what it names and where it leads: all of it at once, each at its line."""
    (folder / "auditor.yaml").write_text(WRONG)
    done = auditor("scan", cwd=folder)
    assert (done.code, done.out) == (2, "")
    said = [line.split(": ", 1) for line in done.err.splitlines() if line.startswith("auditor.y")]
    assert [[place.split(":")[1], text] for place, text in said] == [
        ["1", "missing: no such file or folder"],
        ["2", "no profile is called cis-kubernets"],
        ["3", "'hihg' is not a gate"],
        ["5", "own: no such folder"],
        ["6", f"csv=none/a.csv: {folder}/none is not a folder"],
        ["6", "../b.json: outside of the repository"],
        ["7", "w.yaml: no such file"],
        ["8", "a.yaml: no such file"],
        ["9", "b.zip: no such file"],
        ["10", "k.pub: no such file"],
        ["11", "must be a number of seconds, not text"],
    ]
    assert "did you mean 'cis-kubernetes'?" in done.err
    assert "hint: auditor waivers add FILE makes one" in done.err


def test_names_that_no_file_can_have(folder: Path) -> None:
    name = "x" * 400
    lines = [f"{key}: {name}" for key in ("waivers", "answers", "baseline", "baseline-key")]
    text = "\n".join([*lines, f"targets: [{name}]", f"policies: [{name}]"])
    (folder / "auditor.yaml").write_text(f"{text}\noutputs: {{json: {name}, csv: {name}/y}}\n")
    done = auditor("scan", cwd=folder)
    assert done.code == 2
    assert "Error: 8 errors in the configuration" in done.err


def test_what_an_option_says_in_its_place_is_not_looked_for(folder: Path) -> None:
    text = "targets: [.]\nwaivers: w.yaml\noutputs: {csv: none/a.csv}\n"
    (folder / "auditor.yaml").write_text(f'{text}parameters: {{vesion: "1.30"}}\n')
    (folder / "own.yaml").write_text("[]\n")
    done = auditor("scan", "--waivers", "own.yaml", "-o", "csv=a.csv", cwd=folder)
    assert done.code == 2
    assert "Error: 1 error in the configuration" in done.err
    assert "auditor.yaml:4:22: no selected rule has a parameter vesion" in done.err


def test_all_that_is_wrong_is_said_before_anything_is_read(folder: Path) -> None:
    (folder / "auditor.yaml").write_text("targts: [a]\nprofile: [x]\noutputs: {jsn: r}\n")
    done = auditor("scan", cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert "auditor.yaml:1:1: unknown key 'targts'" in done.err
    assert "did you mean 'targets'?" in done.err
    assert "auditor.yaml:2:10: must be text, not a list" in done.err
    assert "auditor.yaml:3:11: no format is called 'jsn'" in done.err
    assert "Error: 3 errors in the configuration" in done.err


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("profile: ai-platfrom", "2:10: no profile is called ai-platfrom", "ai-platform"),
        (
            "parameters:\n  version: 1.30\n  versio: 1.30",
            "4:11: no selected rule has a parameter versio",
            "did you mean 'version'?",
        ),
        ("parameters: {version: 1.300}", "2:23: parameter version: 1.300 is newer", "the newest"),
        ("policies: [own]", "2:12: own: no such folder", ""),
        ("outputs: {json: ../r.json}", "2:17: ../r.json: outside of the repository", "--config"),
    ],
)
def test_what_names_nothing_is_said_with_its_line(
    folder: Path, text: str, message: str, hint: str
) -> None:
    (folder / "auditor.yaml").write_text(f"targets: [tree]\n{text}\n")
    done = auditor("scan", cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert f"auditor.yaml:{message}" in done.err
    assert hint in done.err


def test_outputs_and_paths_are_relative_to_the_file(folder: Path) -> None:
    (folder / "auditor.yaml").write_text(f"{TEXT}outputs: {{json: r.json}}\n")
    assert auditor("scan", "-q", cwd=folder / "tree" / "deep").code == 0
    assert json.loads((folder / "r.json").read_text())["gate"]["exit"] == 0
    (folder / "r.json").unlink()
    assert auditor("scan", "-q", "-o", "sarif=s", cwd=folder).code == 0
    assert (folder / "s").exists()
    assert not (folder / "r.json").exists(), "an option takes its place"


def test_a_bundle_records_it_and_replays(folder: Path) -> None:
    assert ran(folder, "scan", "-q", "--no-sign", "--output", "bundle").code == 0
    manifest = json.loads((folder / "bundle" / "manifest.json").read_text())
    recorded = {"file": "auditor.yaml", "digest": digest(folder / "auditor.yaml")}
    assert manifest["evaluation"]["configuration"] == recorded
    (folder / "auditor.yaml").unlink()
    again = ran(folder, "replay", "bundle")
    assert (again.code, again.out.split()[:2]) == (0, ["REPLAY", "same"])
    report = ran(folder, "report", "bundle", "--format", "json").results()
    assert report["configuration"] == recorded


def test_init_writes_what_scan_goes_by(folder: Path) -> None:
    written = (folder / "auditor.yaml").read_bytes()
    again = auditor("init", cwd=folder)
    assert (again.code, again.out) == (2, "")
    assert "auditor.yaml is there already" in again.err
    assert (folder / "auditor.yaml").read_bytes() == written
    (folder / "auditor.yaml").unlink()
    (folder / "compose.yaml").write_text("services: {a: {image: b}}\n")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "waivers.yaml").write_text("[]\n")
    done = auditor("init", cwd=folder)
    assert (done.code, done.err) == (0, "")
    text = (folder / "auditor.yaml").read_text()
    assert "1 k8s/Pod" in text
    assert "1 docker/ComposeService" in text
    assert "\nwaivers: waivers.yaml\n" in text
    assert "- k8s://  #" not in text, "there is no kubeconfig"
    scanned = auditor("scan", "--format", "json", cwd=folder).results()
    assert scanned["configuration"]["file"] == "auditor.yaml"
    assert {"k8s/Pod", "docker/ComposeService"} <= set(scanned["coverage"]["resources"])


def test_init_names_a_cluster_and_does_not_ask_it(tmp_path: Path) -> None:
    (tmp_path / "kube").write_text("{}")
    done = auditor("init", "x.yaml", cwd=tmp_path, env={"KUBECONFIG": f"none:{tmp_path}/kube"})
    assert done.code == 0
    text = (tmp_path / "x.yaml").read_text()
    assert f"  # - k8s://  # the cluster of the current context of {tmp_path}/kube" in text
    assert "nothing was seen" in text
    (tmp_path / "y.yaml").symlink_to("z.yaml")
    assert auditor("init", "y.yaml", cwd=tmp_path).code == 2
    assert not (tmp_path / "z.yaml").exists()


def test_show_says_where_each_value_is_from(folder: Path) -> None:
    asked = ("config", "show", "--json", "--fail-on", "high", "--set", "version=1.30")
    (folder / "auditor.yaml").write_text(f"{TEXT}parameters: {{version: 1.29}}\n")
    done = auditor(*asked, cwd=folder)
    found = json.loads(done.out)
    assert found["configuration"]["digest"] == digest(folder / "auditor.yaml")
    values = found["values"]
    assert values["targets"] == {"value": ["tree"], "from": "auditor.yaml:1:11"}
    assert values["profile"] == {"value": "pod-security-baseline", "from": "auditor.yaml:2:10"}
    assert values["fail-on"] == {"value": "high", "from": "--fail-on"}
    assert values["timeout"] == {"value": None, "from": "default"}
    assert values["parameters"]["value"] == ["version=1.30"]
    shown = auditor("config", "show", cwd=folder).out
    assert "fail-on         critical>5  (auditor.yaml:3:10)" in shown
    assert "timeout         900  (default)\nparallel        8  (default)\n" in shown
    assert "executor        local  (default)\n" in shown
    none = auditor("config", "show", "--no-config", cwd=folder)
    assert none.out.startswith("no auditor.yaml: ")
    assert auditor("config", "show", "--profil", "x", cwd=folder).code == 2


def test_the_schema_is_printed() -> None:
    found = json.loads(auditor("config", "schema").out)
    assert found["title"] == "Configuration"

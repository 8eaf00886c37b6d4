"""Renderers that fail, lie or leak: each costs its tree, which is a gap, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Ran, auditor, ended, started
from tests.e2e.signed import EPOCH
from tests.unit.collectors.kubernetes.rendering.fakes import POD, VERSION, printing, program

CANARY = "c4n4ry-Zx81Qw93"
CHART = {"c/Chart.yaml": "name: c\n", "c/templates/pod.yaml": POD}
OVERLAY = {
    "over/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
    "over/p.yaml": POD,
    "base/kustomization.yaml": "resources: [pod.yaml]\n",
    "base/pod.yaml": POD,
}
OTHER = {"other.yaml": POD.replace("name: p,", "name: other,")}
WAYS = {"helm": (CHART, "c", "a Helm chart"), "kustomize": (OVERLAY, "over", "a kustomization")}


def written(root: Path, *files: Mapping[str, str]) -> Path:
    for name, text in (item for some in files for item in some.items()):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def scan(folder: Path, *options: str | Path, path: str = "") -> Ran:
    env = {"PATH": path or f"{folder / 'tools'}:{os.environ['PATH']}", **EPOCH}
    words = ("scan", "tree", "--render", "--format", "json", *options)
    return auditor(*words, cwd=folder, env=env)


@pytest.fixture(params=WAYS, ids=WAYS)
def way(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str, str]:
    """The program, the folder that it renders, and what that is called; and a pod beside."""
    files, folder, what = WAYS[request.param]
    written(tmp_path / "tree", files, OTHER)
    return request.param, folder, what


def gap(ran: Ran, scope: str) -> dict[str, Any]:
    (found,) = (each for each in ran.results()["gaps"] if each["scope"] == scope)
    return dict(found)


def failed(ran: Ran) -> set[tuple[str, str]]:
    """The privileged pods, with where they were rendered from."""
    return {
        (each["resource"]["name"], each["resource"].get("rendered", ""))
        for each in ran.results()["findings"]
        if each["rule"] == "k8s-container-privileged" and each["verdict"] == "fail"
    }


def test_what_comes_out_is_judged(way: tuple[str, str, str], tmp_path: Path) -> None:
    tool, folder, _ = way
    program(tmp_path / "tools", tool, printing())
    ran = scan(tmp_path)
    assert failed(ran) == {("p", folder), ("other", "")}
    assert ran.results()["gaps"] == []
    (target,) = ran.results()["targets"]
    assert [note.split(" (")[0] for note in target["notes"]] == [
        f"{tool} v9.9.9 rendered 1 {'Helm chart' if tool == 'helm' else 'kustomization'}"
    ]


def test_failure_is_a_gap_with_its_message(way: tuple[str, str, str], tmp_path: Path) -> None:
    tool, folder, what = way
    body = (
        f"{VERSION}sys.stdout.write({POD!r})\n"
        f"sys.stderr.write('Error: no such thing in ' + os.path.realpath({str(tmp_path)!r})"
        f" + '/tree/x, password: {CANARY}, https://me:{CANARY}@example.com/')\nsys.exit(1)"
    )
    program(tmp_path / "tools", tool, body)
    ran = scan(tmp_path, "--output", "kept", "--no-sign")
    found = gap(ran, folder)
    assert found["cause"] == "unsupported"
    assert found["detail"].startswith(
        f"{what} that was not rendered: Error: no such thing in tree/x"
    )
    words = "template release-name" if tool == "helm" else "build"
    assert found["hint"] == f"run it by itself: {tool} {words} tree/{folder}"
    assert failed(ran) >= {("other", "")}
    assert folder not in {rendered for _, rendered in failed(ran)}
    assert CANARY not in ran.out + ran.err
    kept = b"".join(each.read_bytes() for each in (tmp_path / "kept").rglob("*") if each.is_file())
    assert CANARY.encode() not in kept


def test_warning_before_the_documents_is_survived(
    way: tuple[str, str, str], tmp_path: Path
) -> None:
    tool, folder, _ = way
    text = f"WARNING: the configuration is readable by all\n---\n{POD}"
    program(tmp_path / "tools", tool, printing(text, "sys.stderr.write('warning: x')"))
    assert (folder in {rendered for _, rendered in failed(scan(tmp_path))}) is True


def test_warning_in_the_first_document_is_a_gap(way: tuple[str, str, str], tmp_path: Path) -> None:
    tool, folder, _ = way
    program(tmp_path / "tools", tool, printing(f"WARNING: a: b: c\n{POD}"))
    ran = scan(tmp_path)
    found = gap(ran, folder)
    assert found["cause"] == "malformed"
    assert found["detail"].startswith("line 1 of what came out: not valid YAML")
    assert "line" not in found or found["line"] == 0


def test_no_objects_are_no_failure(way: tuple[str, str, str], tmp_path: Path) -> None:
    tool, _, _ = way
    program(tmp_path / "tools", tool, printing(""))
    ran = scan(tmp_path)
    assert ran.results()["gaps"] == []
    assert failed(ran) == {("other", "")}


def test_secret_that_comes_out_is_not_kept(way: tuple[str, str, str], tmp_path: Path) -> None:
    tool, _, _ = way
    secret = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
        f"stringData: {{password: {CANARY}}}\n# {CANARY}\n"
    )
    program(tmp_path / "tools", tool, printing(secret))
    ran = scan(tmp_path, "--output", "kept", "--no-sign")
    assert ran.results()["coverage"]["resources"]["k8s/Secret"]["seen"] == 1
    kept = b"".join(each.read_bytes() for each in (tmp_path / "kept").rglob("*") if each.is_file())
    assert CANARY.encode() not in kept + ran.out.encode()


def test_bundle_replays_without_the_program(way: tuple[str, str, str], tmp_path: Path) -> None:
    tool, folder, _ = way
    path = program(tmp_path / "tools", tool, printing())
    values = written(tmp_path, {"values.yaml": "a: 1\n"}) / "values.yaml"
    ran = scan(tmp_path, "--values", values, "--output", "kept", "--no-sign")
    path.unlink()
    again = auditor("replay", "kept", cwd=tmp_path, env=EPOCH)
    assert again.code == 0, again.out
    lines = [
        json.loads(line)
        for each in (tmp_path / "kept" / "evidence" / "0000").glob("*.jsonl")
        for line in each.read_text().splitlines()
    ]
    (record,) = (each for each in lines if each["request"] == folder)
    assert record["detail"].startswith(f"{tool} v9.9.9: {tool} ")
    if tool == "helm":
        assert "--values" in record["detail"]
        assert "sha256:" in record["detail"]
    assert ran.code == 1


def test_nothing_runs_unless_it_is_asked_for(way: tuple[str, str, str], tmp_path: Path) -> None:
    tool, folder, what = way
    mark = tmp_path / "it-ran"
    program(tmp_path / "tools", tool, f"open({str(mark)!r}, 'w')")
    env = {"PATH": f"{tmp_path / 'tools'}:{os.environ['PATH']}"}
    ran = auditor("scan", "tree", "--format", "json", cwd=tmp_path, env=env)
    found = gap(ran, folder)
    assert found["detail"].startswith(f"{what} that was not rendered")
    assert found["hint"].startswith("auditor scan tree --render, or: ")
    assert not mark.exists()


def test_program_of_the_tree_is_not_run(way: tuple[str, str, str], tmp_path: Path) -> None:
    tool, _, _ = way
    mark = tmp_path / "it-ran"
    program(tmp_path / "tree" / "bin", tool, f"open({str(mark)!r}, 'w')")
    inside = tmp_path / "tree" / "bin"
    ran = scan(tmp_path, path=str(inside))
    assert (ran.code, "it is in what is audited, and is not run" in ran.err) == (2, True)
    ran = scan(tmp_path, path="tree/bin:.")
    found = {each["detail"].partition(": ")[2] for each in ran.results()["gaps"]}
    named = "helm" if tool == "helm" else "kustomize or kubectl"
    assert found == {f"there is no {named} on the path"}
    assert not mark.exists()


def test_program_can_be_named(way: tuple[str, str, str], tmp_path: Path) -> None:
    tool, folder, _ = way
    mine = program(tmp_path / "mine", "my-own", printing())
    ran = scan(tmp_path, f"--{tool}", mine, path="/nonexistent")
    assert (folder in {rendered for _, rendered in failed(ran)}) is True
    ran = scan(tmp_path, f"--{tool}", "no-such-program", path="/nonexistent")
    assert (ran.code, "there is no such program" in ran.err) == (2, True)


def test_options_of_rendering_need_it(tmp_path: Path) -> None:
    written(tmp_path / "tree", OTHER)
    for option in ("--values", "--helm", "--kustomize"):
        ran = auditor("scan", "tree", option, "x", cwd=tmp_path)
        assert (ran.code, f"{option} needs --render" in ran.err) == (2, True)


def test_what_would_be_fetched_never_runs(tmp_path: Path) -> None:
    remote = f"resources: ['https://me:{CANARY}@example.com/x.git?ref=v1']\n"
    files = {**OVERLAY, "base/kustomization.yaml": remote, "alone/kustomization.yaml": remote}
    written(tmp_path / "tree", files)
    mark = tmp_path / "it-built"
    program(tmp_path / "tools", "kustomize", f"{VERSION}open({str(mark)!r}, 'w')")
    ran = scan(tmp_path)
    for root, at in (("over", "base"), ("alone", "alone")):
        found = gap(ran, root)
        assert found["detail"] == (
            f"a kustomization that was not rendered: {at}/kustomization.yaml names "
            "https://example.com/x.git?ref=v1, which is not here and is not fetched"
        )
    assert CANARY not in ran.out
    assert not mark.exists()


def test_chart_with_a_link_out_of_the_tree_is_not_rendered(tmp_path: Path) -> None:
    """Helm reads what it leads to, and templates may print it."""
    written(tmp_path / "tree", CHART)
    (tmp_path / "key").write_text(CANARY)
    (tmp_path / "tree" / "c" / "files").mkdir()
    (tmp_path / "tree" / "c" / "files" / "key").symlink_to(tmp_path / "key")
    mark = tmp_path / "it-ran"
    program(tmp_path / "tools", "helm", f"{VERSION}open({str(mark)!r}, 'w')")
    found = gap(scan(tmp_path), "c")
    assert found["detail"] == (
        "a Helm chart that was not rendered: c/files/key is a link out of what is audited"
    )
    assert not mark.exists()


def test_values_that_are_not_there_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "tree", CHART)
    program(tmp_path / "tools", "helm", printing())
    ran = scan(tmp_path, "--values", "no.yaml")
    assert (ran.code, "--values no.yaml: No such file or directory" in ran.err) == (2, True)


def test_what_came_out_replaces_what_went_in(tmp_path: Path) -> None:
    """A file that no root that was built includes is judged as before."""
    files = {
        **OVERLAY,
        "broken/kustomization.yaml": "resources: [../base, mine.yaml]\n",
        "broken/mine.yaml": POD.replace("name: p,", "name: mine,"),
        **OTHER,
    }
    written(tmp_path / "tree", files)
    body = f"{VERSION}if 'broken' in arguments[-1]: sys.exit('no')\nsys.stdout.write({POD!r})"
    program(tmp_path / "tools", "kustomize", body)
    ran = scan(tmp_path)
    assert failed(ran) == {("p", "over"), ("mine", ""), ("other", "")}
    assert [each["scope"] for each in ran.results()["gaps"]] == ["broken"]


def test_secret_of_a_file_is_committed_and_a_generated_one_is_not(
    way: tuple[str, str, str], tmp_path: Path
) -> None:
    tool, _, _ = way
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: 8f7e6d5c4b3a2f1e}\n"
    (tmp_path / "tree" / "base").mkdir(exist_ok=True)
    (tmp_path / "tree" / "base" / "pod.yaml").write_text(text)
    program(tmp_path / "tools", tool, printing(f"{text}---\n{text.replace('s}', 'made}')}"))
    found = [
        (each["resource"]["name"], each["resource"]["file"])
        for each in scan(tmp_path).results()["findings"]
        if each["rule"] == "k8s-secret-committed"
        and each["verdict"] == "fail"
        and "rendered" in each["resource"]
    ]
    assert found == ([] if tool == "helm" else [("s", "base/pod.yaml")])


def test_overlays_of_one_base_are_judged_each_by_itself(tmp_path: Path) -> None:
    """Also by rules that wait for other objects, such as the LimitRanges of the namespace."""
    files = {
        "dev/kustomization.yaml": "resources: [../base]\n",
        "prod/kustomization.yaml": "resources: [../base]\n",
        "base/kustomization.yaml": "resources: [pod.yaml]\n",
        "base/pod.yaml": POD,
    }
    written(tmp_path / "tree", files)
    program(tmp_path / "tools", "kustomize", printing())
    ran = scan(tmp_path)
    assert failed(ran) == {("p", "dev"), ("p", "prod")}
    # of the account, which both run as, and of the namespace that both are in
    shared = ("k8s-service-account-token-mounted", "k8s-named-namespace-")
    found = [
        each
        for each in ran.results()["findings"]
        if each["verdict"] == "fail" and not each["rule"].startswith(shared)
    ]
    by_folder = {
        folder: sorted(each["rule"] for each in found if each["resource"]["rendered"] == folder)
        for folder in ("dev", "prod")
    }
    assert by_folder["dev"] == by_folder["prod"]
    assert "k8s-memory-limit-missing" in by_folder["dev"]
    assert {each["covers"] for each in found} == {1}
    assert len({each["fingerprint"] for each in found}) == len(found)


def test_interrupt_ends_the_program_too(way: tuple[str, str, str], tmp_path: Path) -> None:
    tool, _, _ = way
    mark = tmp_path / "it-runs"
    body = f"{VERSION}open({str(mark)!r}, 'w').close()\ntime.sleep(600)"
    path = program(tmp_path / "tools", tool, body)
    (tmp_path / "tmp").mkdir()
    env = {"PATH": f"{tmp_path / 'tools'}:/usr/bin:/bin", "TMPDIR": str(tmp_path / "tmp")}
    with started("scan", "tree", "--render", cwd=tmp_path, env=env, session=True) as process:
        try:
            while not mark.exists():
                assert process.poll() is None
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGINT)
            ran = ended(process, timeout=60)
        finally:
            process.kill()
    assert (ran.code, ran.err.endswith("\ninterrupted\n")) == (130, True)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not [line for line in _running() if str(path).encode() in line]


def _running() -> list[bytes]:
    """The command lines of this machine."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(each.read_bytes())
        except OSError:  # it has ended meanwhile
            continue
    return found

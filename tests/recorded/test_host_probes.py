"""What a script printed on a host is evidence like any other: kept, verified and replayed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Ran, auditor
from tests.faults.server import serving
from tests.recorded.beneath import below, printed
from tests.recorded.generate import TIME
from tests.recorded.gpu_host import KERNEL, NAME, confined, engine

TARGET = f"docker://{NAME}"
PROFILE = ("--profile", "cis-docker")


@dataclass(frozen=True, slots=True)
class Played:
    """A host that answers, and what the script printed on it."""

    folder: Path

    @property
    def probes(self) -> Path:
        return self.folder / "gpu-1.probes"

    def run(self, *arguments: str | Path) -> Ran:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return auditor(*arguments, env={"DOCKER_CONFIG": str(self.folder), "HOME": str(home)})


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Played]:
    """A context of Docker by the name of the host leads to a server of ours."""
    found = Played(tmp_path)
    found.probes.write_bytes(printed(below(NAME, KERNEL, TIME, confined())))
    digest = hashlib.sha256(NAME.encode()).hexdigest()
    meta = tmp_path / "contexts" / "meta" / digest / "meta.json"
    meta.parent.mkdir(parents=True)
    host = {"Host": f"unix://{tmp_path / 'd.sock'}"}
    meta.write_text(json.dumps({"Name": NAME, "Endpoints": {"docker": host}}))
    with serving(engine, path=tmp_path / "d.sock"):
        yield found


def excluded(ran: Ran) -> set[str]:
    """Why kinds of the host were not looked at."""
    return {each["reason"] for each in ran.results()["targets"][0]["excluded"]}


def states(results: dict[str, Any]) -> dict[str, str]:
    return {each["id"]: each["state"] for each in results["controls"]}


def test_it_is_judged_elsewhere_to_the_same_bytes(played: Played, tmp_path: Path) -> None:
    """Collected with it; judged, verified and replayed where neither the host nor the file is."""
    held, bundle, public = (tmp_path / name for name in ("held", "bundle", "public.pem"))
    options = (*PROFILE, "--host-probes", played.probes)
    collected = played.run("collect", TARGET, *options, "--output", held)
    assert (collected.code, ", 0 not read" in collected.out) == (0, True), collected.err
    here = played.run("scan", TARGET, *options, "--format", "json", "--output", bundle)
    assert here.code == 1, here.err
    public.write_text(played.run("keys", "export").out)
    played.probes.unlink()
    (tmp_path / "d.sock").unlink()
    for place in (held, bundle):
        place.rename(tmp_path / f"{place.name}-elsewhere")
    held, bundle = tmp_path / "held-elsewhere", tmp_path / "bundle-elsewhere"
    verified = played.run("verify", bundle, "--key", public)
    assert (verified.code, verified.last_line().split()[:2]) == (0, ["VERIFY", "verified"])
    assert played.run("replay", bundle).code == 0
    again = played.run("evaluate", bundle, *PROFILE, "--format", "json")
    assert again.out.encode() == (bundle / "results.json").read_bytes()
    assert again.out == here.out
    there = played.run("evaluate", held, *PROFILE, "--format", "json").results()
    for part in ("findings", "controls", "gaps", "coverage", "counts"):
        assert there[part] == here.results()[part]
    assert there["targets"] == here.results()["targets"]
    assert states(there)["3.16"] == "not-satisfied", "the host decides it"


def test_a_cut_file_is_known_as_far_as_it_goes(played: Played) -> None:
    """What it no longer says is a gap of its kind, and of nothing else."""
    data = played.probes.read_bytes()
    played.probes.write_bytes(data[: data.index(b"process ")])
    ran = played.run("scan", TARGET, *PROFILE, "--host-probes", played.probes, "--format", "json")
    scopes = {each["scope"] for each in ran.results()["gaps"]}
    assert scopes == {"docker/HostProcesses", "docker/HostContainers", "docker/HostAuditRules"}
    assert states(ran.results())["3.16"] == "not-satisfied"
    assert states(ran.results())["1.1.3"] == "undetermined"


def test_one_of_another_host_is_said_to_be(played: Played) -> None:
    other = below("gpu-9", KERNEL, TIME, {})
    played.probes.write_bytes(printed(other))
    ran = played.run("scan", TARGET, *PROFILE, "--host-probes", played.probes, "--format", "json")
    [reason] = excluded(ran)
    assert reason.startswith("the engine runs on gpu-1, Linux ")
    assert reason.endswith("; what was printed is of gpu-9")
    assert states(ran.results())["3.16"] == "undetermined"


UNREAD = {
    "no such file": (None, "No such file or directory"),
    "something else": (b"hello\n", "there is no line 'auditor-host 1'"),
    "a line too much": (b"auditor-host 1\nrm -rf /\n", "line 1 after 'auditor-host 1': 'rm -rf /'"),
    "nothing": (b"", "there is no line"),
}


@pytest.mark.parametrize(("data", "says"), UNREAD.values(), ids=UNREAD)
def test_what_no_script_printed_is_refused(played: Played, data: bytes | None, says: str) -> None:
    played.probes.unlink()
    if data is not None:
        played.probes.write_bytes(data)
    ran = played.run("scan", TARGET, "--host-probes", played.probes)
    assert (ran.code, says in ran.err, "permissions docker --script" in ran.err) == (2, True, True)


def test_it_is_of_no_use_where_no_engine_is_asked(played: Played, tmp_path: Path) -> None:
    """Files, and what was recorded before: neither is looked at now, so it would not be either."""
    stack, held = tmp_path / "stack", tmp_path / "held"
    stack.mkdir()
    (stack / "compose.yaml").write_text("services: {web: {image: a, privileged: true}}\n")
    shutil.copytree(Path(__file__).parents[2] / "examples" / "gpu-host", held)
    for target in (stack, held, "k8s://"):
        ran = played.run("scan", target, "--host-probes", played.probes)
        assert (ran.code, "no target is one" in ran.err) == (2, True), ran.out + ran.err
    both = played.run(
        *("scan", stack, TARGET, "--host-probes", played.probes, "--format", "json")
    ).results()
    assert [each["state"] for each in both["targets"]] == ["complete", "complete"]
    assert both["targets"][1]["notes"] == [f"the host was looked at by a script, {TIME}"]

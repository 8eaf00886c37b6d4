"""Many targets from a file, each with its own way in: what one does costs and delays no other."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.cli.wiring import SHIPPED
from tests.contract.reading import READERS, samples
from tests.e2e.command import auditor
from tests.e2e.signed import ran
from tests.faults.fleets import PROFILE, cluster, scan, write
from tests.faults.server import Asked, Handler, Reply, serving
from tests.faults.test_live_many import hangs
from tests.faults.vcenters import PASSWORD, Authority, Vcenter
from tests.unit.evidence.bundles import POD

LAST = "/api/v1/pods"


def test_each_target_has_its_labels_and_its_own_way_in(running: Any, tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        running(name)
    text = (tmp_path / "c" / "kubeconfig").read_text()
    program = {"command": f"cat {tmp_path}/d/kubeconfig"}
    (tmp_path / "tree").mkdir()
    write(
        tmp_path,
        cluster("a", labels={"env": "prod", "team": "ml"}),
        {**cluster("b"), "kubeconfig": {"file": "b/kubeconfig"}},
        {**cluster("c"), "kubeconfig": {"env": "KUBE_OF_C"}},
        {**cluster("d"), "kubeconfig": program, "timeout": 30},
        {"target": "tree", "labels": {"env": "dev"}},
    )
    done = scan(tmp_path, KUBE_OF_C=text)
    found = done.results()["targets"]
    assert [(each["uri"], each["state"]) for each in found] == [
        *((f"k8s://{name}", "complete") for name in ("a", "b", "c", "d")),
        ("tree", "complete"),
    ]
    labels = [each.get("labels") for each in found]
    assert labels == [{"env": "prod", "team": "ml"}, None, None, None, {"env": "dev"}]
    assert "canary-token" not in done.out + done.err


def test_one_that_never_answers_delays_nobody(running: Any, tmp_path: Path) -> None:
    """It lets go of us only once all others were read, with fewer threads than targets."""
    names, read, lock = [f"good-{number}" for number in range(5)], set[str](), threading.Lock()
    all_read = threading.Event()

    def good(name: str) -> Handler:
        def handler(asked: Asked) -> Reply | None:
            if asked.path == LAST:
                with lock:
                    read.add(name)
                    if len(read) == len(names):
                        all_read.set()
            return None

        return handler

    def silent(asked: Asked) -> Reply:
        del asked
        all_read.wait(60)
        return Reply(raw=b"", then="close")

    running("dead", silent)
    for name in names:
        running(name, good(name))
    write(tmp_path, cluster("dead", timeout=55), *(cluster(name) for name in names))
    done = scan(tmp_path, "--parallel", "2")
    states = {each["uri"]: each["state"] for each in done.results()["targets"]}
    assert states == {"k8s://dead": "unreachable"} | {f"k8s://{name}": "complete" for name in names}
    assert all_read.is_set()
    (gap,) = done.results()["gaps"]
    assert "no end of the answer" not in gap["detail"], "it was never waited for to the end"


def test_a_deadline_is_its_targets(running: Any, tmp_path: Path) -> None:
    running("dead", hangs)
    running("good")
    write(tmp_path, cluster("dead", timeout=1, labels={"env": "x"}), cluster("good"))
    done = scan(tmp_path)
    dead, good = done.results()["targets"]
    assert (dead["state"], dead["labels"]) == ("unreachable", {"env": "x"})
    assert good["state"] == "complete"


BROKEN = {
    "a program that fails": ({"command": "false"}, "false ended with code 1"),
    "a program that says nothing": ({"command": "true"}, "its first line is empty"),
    "a file that is empty": ({"file": "empty"}, "its first line is empty"),
}


@pytest.mark.parametrize(("where", "message"), BROKEN.values(), ids=BROKEN)
def test_a_secret_that_does_not_come_costs_its_target(
    running: Any, tmp_path: Path, where: dict[str, str], message: str
) -> None:
    running("good")
    (tmp_path / "empty").touch()
    write(tmp_path, {"target": "vsphere://me@127.0.0.1:9", "password": where}, cluster("good"))
    done = scan(tmp_path)
    assert done.code == 1, done.err
    first, second = done.results()["targets"]
    assert (first["state"], second["state"]) == ("unreachable", "complete")
    (gap,) = done.results()["gaps"]
    assert message in gap["detail"]
    assert gap["detail"].startswith("fleet.yaml:"), "where the file says it"


def test_vcenters_have_passwords_of_their_own(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "word").write_text(f"{PASSWORD}\n")
    vcenters = [Vcenter(uid=f"u-{number}") for number in range(3)]
    ways = [{"file": "word"}, {"env": "WORD"}, {"command": "cat word"}]
    with ExitStack() as stack:
        servers = [
            stack.enter_context(serving(each, authority.context("127.0.0.1"))) for each in vcenters
        ]
        write(
            tmp_path,
            *(
                {
                    "target": f"vsphere://audit@127.0.0.1:{server.port}/",
                    "password": way,
                    "ca-file": authority.file.name,
                }
                for server, way in zip(servers, ways, strict=True)
            ),
        )
        done = scan(tmp_path, "--output", "b", "--no-sign", WORD=PASSWORD)
    assert {each["state"] for each in done.results()["targets"]} <= {"complete", "partial"}
    called = [(each.called.count("Login"), each.sessions) for each in vcenters]
    assert called == [(1, 0)] * 3
    kept = b"".join(each.read_bytes() for each in (tmp_path / "b").rglob("*") if each.is_file())
    assert PASSWORD.encode() not in kept + done.out.encode() + done.err.encode()


WRONG = {
    "a secret in the file": (
        {"target": "vsphere://a", "password": "canary-word"},
        "a secret is never in this file, but text is",
    ),
    "the text of a kubeconfig": (
        {"target": "k8s://a", "kubeconfig": "users:\n- user: {token: canary-word}\n"},
        "a secret is never in this file, but a text is that is no name",
    ),
    "a kubeconfig as a value": (
        {"target": "k8s://a", "kubeconfig": {"users": [{"token": "canary-word"}]}},
        "unknown key 'users'",
    ),
    "a token": ({"target": "k8s://a", "token": "canary-word"}, "unknown key 'token'"),
    "a secret for a file": (
        {"target": "vsphere://a", "password": {"file": '{"password": "canary-word"}'}},
        "a secret is never in this file, but a text is that is no name",
    ),
    "a secret for a variable": (
        {"target": "vsphere://a", "session": {"env": "canary-word"}},
        "this is not the name of a variable",
    ),
    "a file that no file is called": (
        {"target": "vsphere://a", "password": {"file": "x" * 400}},
        "x: no such file",
    ),
    "no place of one": ({"target": "vsphere://a", "password": {}}, "must say one place"),
    "two places of one": (
        {"target": "vsphere://a", "password": {"file": "x", "env": "X"}},
        "must say one place of the secret",
    ),
    "a password and a session": (
        {"target": "vsphere://a", "password": {"env": "X"}, "session": {"env": "X"}},
        "a password or a session",
    ),
    "a variable that is not set": (
        {"target": "vsphere://a", "password": {"env": "NOT_SET"}},
        "NOT_SET is not set",
    ),
    "a file that is not there": (
        {"target": "vsphere://a", "password": {"file": "none"}},
        "none: no such file",
    ),
    "a program that is not there": (
        {"target": "vsphere://a", "password": {"command": "no-such-program x"}},
        "no-such-program: no such program",
    ),
    "a password of a cluster": (
        {"target": "k8s://a", "password": {"file": "fleet.yaml"}},
        "k8s://a: password is for vsphere:// targets",
    ),
    "a kubeconfig of a folder": (
        {"target": ".", "kubeconfig": "fleet.yaml"},
        ".: kubeconfig is for k8s:// and k8s+incluster:// targets",
    ),
    "a thumbprint that is none": (
        {"target": "vsphere://a", "thumbprint": "ab"},
        "is not the sha256 of a certificate",
    ),
    "a label that is a number": ({"target": ".", "labels": {"tier": 1}}, 'in quotes: "1"'),
    "a key": ({"target": ".", "lables": {}}, "did you mean 'labels'?"),
    "no target": ({"labels": {}}, "missing key 'target'"),
}


@pytest.mark.parametrize(("target", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_before_anything_is_read(
    tmp_path: Path, target: object, message: str
) -> None:
    text = json.dumps({"targets": ["x", target]})
    (tmp_path / "fleet.yaml").write_text(text)
    done = scan(tmp_path)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "fleet.yaml:1:" in done.err
    assert "in the file of targets" in done.err
    assert "canary-word" not in done.err


def test_all_targets_that_are_none_are_said_at_once(tmp_path: Path) -> None:
    """Each at its line, and no password that stands in an address is said again."""
    (tmp_path / "there").mkdir()
    write(
        tmp_path,
        "there",
        {"target": "vsphere://me:canary-word@127.0.0.1:9", "labels": {"a": "b"}},
        "nope://x",
        "not-there/",
        "docker+tls://me:canary-word@127.0.0.1:9",
    )
    done = scan(tmp_path)
    assert (done.code, done.out) == (2, "")
    said = [line for line in done.err.splitlines() if line.startswith("fleet.yaml:")]
    assert [(line.split(":")[1], line.split(": ")[2]) for line in said] == [
        ("5", "a password has no place in an address"),
        ("6", "no collector reads nope:// targets"),
        ("7", "no such file or folder"),
        ("8", "not the name of a host"),
    ]
    assert "4 errors in the file of targets" in done.err
    assert "canary-word" not in done.err


def test_a_program_has_no_more_time_than_its_target(running: Any, tmp_path: Path) -> None:
    running("good")
    slow = {"target": "vsphere://me@127.0.0.1:9", "password": {"command": "sleep 600"}}
    write(tmp_path, {**slow, "timeout": 1}, cluster("good"))
    done = scan(tmp_path)
    (gap,) = done.results()["gaps"]
    assert gap["detail"].endswith("sleep did not end within 1 s")
    assert done.results()["targets"][1]["state"] == "complete"


def test_a_dead_target_is_a_gap_in_every_format(running: Any, tmp_path: Path) -> None:
    """And the gate is one over all: what the others fail is not hidden behind it."""
    running("dead", hangs)
    running("good")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "pod.yaml").write_text(POD)
    write(tmp_path, "tree", cluster("dead", timeout=1), cluster("good"))
    formats = sorted(SHIPPED.formats)
    options = [text for name in formats for text in ("-o", f"{name}={tmp_path / name}")]
    done = scan(tmp_path, *options)
    assert done.code == 1, done.err
    assert done.results()["gate"]["decision"] == "fail"
    for name in formats:
        data = (tmp_path / name).read_bytes()
        if name in READERS:
            (gap,) = READERS[name](data).gaps
            assert "no end of the answer within 1 s" in gap, name
        elif name == "prometheus":
            assert 1 in [value for key, value in samples(data).items() if "k8s://dead" in key]
        else:
            assert b"k8s://dead" in data or name == "pdf", name
    (tmp_path / "tree" / "pod.yaml").write_text(
        POD.replace("privileged: true", "privileged: false")
    )
    write(tmp_path, cluster("dead", timeout=1), "tree")
    done = scan(tmp_path, "--fail-on", "critical")
    assert done.code == 3, "nothing fails, and something was not read"


def test_a_target_twice_and_a_target_that_is_none(tmp_path: Path) -> None:
    write(tmp_path, "k8s://a", {"target": "k8s://a", "labels": {"x": "y"}})
    done = scan(tmp_path)
    assert done.code == 2
    assert "k8s://a is there twice, the first time in fleet.yaml:2:3" in done.err
    write(tmp_path, "k8s://a")
    assert "k8s://b: not among the targets of fleet.yaml" in scan(tmp_path, "k8s://b").err
    (tmp_path / "fleet.yaml").write_text("- k8s://a\n")
    done = scan(tmp_path)
    assert "fleet.yaml:1:1: must be a mapping, not a list" in done.err
    assert "hint: put them below the key targets:" in done.err
    assert (
        "--targets none.yaml: cannot be read"
        in auditor("scan", "--targets", "none.yaml", cwd=tmp_path).err
    )


def test_one_of_them_is_scanned_as_the_file_says(running: Any, tmp_path: Path) -> None:
    running("a")
    write(tmp_path, cluster("a", labels={"env": "x"}), cluster("b"))
    (only,) = scan(tmp_path, "k8s://a").results()["targets"]
    assert (only["uri"], only["labels"], only["state"]) == ("k8s://a", {"env": "x"}, "complete")


def test_a_configuration_that_nobody_named_does_not_say_as_whom(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text("{}")
    entered = {"target": "k8s://a", "kubeconfig": "kubeconfig"}
    (tmp_path / "auditor.yaml").write_text(yaml.safe_dump({"targets": [entered]}))
    done = auditor("scan", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "k8s://a: as whom it is entered is not for such a file to say" in done.err
    named = auditor("scan", "--config", "auditor.yaml", *PROFILE, cwd=tmp_path)
    assert named.code == 3, "it is taken, and there is no such context"


def test_labels_are_in_the_bundle(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "pod.yaml").write_text(POD)
    write(tmp_path, {"target": "tree", "labels": {"env": "dev"}})
    kept = ("--output", "b", "--no-sign", "-q")
    assert ran(tmp_path, "scan", "--targets", "fleet.yaml", *kept).code == 1
    again = ran(tmp_path, "replay", "b")
    assert (again.code, again.out.split()[:2]) == (0, ["REPLAY", "same"]), again.out
    report = ran(tmp_path, "report", "b", "--format", "json").results()
    assert report["targets"][0]["labels"] == {"env": "dev"}

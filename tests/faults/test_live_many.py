"""Several clusters in one run: what happens to one takes nothing from another."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Ran, auditor
from tests.faults.server import Asked, Handler, Reply, Server, healthy, serving

PROFILE = ("--profile", "pod-security-baseline", "--no-cache")


def kubeconfig(folder: Path, servers: Mapping[str, str], **users: Mapping[str, Any]) -> Path:
    """A context, a cluster and a user for each server."""
    value = {
        "current-context": next(iter(servers)),
        "clusters": [{"name": name, "cluster": {"server": url}} for name, url in servers.items()],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name}} for name in servers
        ],
        "users": [
            {"name": name, "user": users.get(name, {"token": "canary-token"})} for name in servers
        ],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(value))
    return path


def scan(folder: Path, *targets: str, options: tuple[str, ...] = ()) -> Ran:
    path = folder / "kubeconfig"
    return auditor(
        "scan", *targets, "--kubeconfig", path, "--format", "json", *PROFILE, *options, cwd=folder
    )


def html(asked: Asked) -> Reply:
    del asked
    return Reply(b"<html>log in", media="text/html")


def hangs(asked: Asked) -> Reply:
    del asked
    return Reply(raw=b"", then="hang")


def odd_version(body: bytes) -> Handler:
    return lambda asked: Reply(body) if asked.path == "/version" else None


@dataclass(frozen=True, slots=True)
class Bad:
    """A cluster that can't be read: how it answers, whom it is for, and what is said."""

    says: str
    handler: Handler = healthy
    user: Mapping[str, Any] | None = None
    closed: bool = False
    url: str = ""


BAD = {
    "refuses": Bad("no connection: Connection refused", closed=True),
    "hangs": Bad("no end of the answer", hangs),
    "answers in HTML": Bad("text/html, not JSON", html),
    "a token with a line break in it": Bad(
        "has a character that no header may have", user={"token": "canary\nx"}
    ),
    "a token that is not ASCII": Bad("no header may have", user={"token": "canary-é"}),
    "a plugin that is not there": Bad(
        "no-such-plugin can't be run",
        user={
            "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin"}
        },
    ),
    "a version that is not UTF-8": Bad(
        "can't be understood", odd_version(b'{"gitVersion":"\xff"}')
    ),
    "a version that is deep": Bad("can't be understood", odd_version(b'{"x":' + b"[" * 100_000)),
    "no address": Bad("server is 'https://h:99999'", url="https://h:99999"),
    "TLS that is none": Bad("TLS: the server does not speak it", url="https"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_one_bad_cluster_takes_nothing_from_a_good_one(tmp_path: Path, bad: Bad) -> None:
    with serving(bad.handler) as first, serving(healthy) as second:
        if bad.closed:
            first.close()
        url = bad.url or first.url
        url = first.url.replace("http:", "https:") if url == "https" else url
        users = {} if bad.user is None else {"bad": bad.user}
        kubeconfig(tmp_path, {"bad": url, "good": second.url}, **users)
        done = scan(tmp_path, "k8s://bad", "k8s://good", options=("--timeout", "2"))
    assert done.code == 1, done.err
    document = done.results()
    states = [(target["uri"], target["state"]) for target in document["targets"]]
    assert states == [("k8s://bad", "unreachable"), ("k8s://good", "complete")]
    (gap,) = document["gaps"]
    assert gap["target"] == "k8s://bad"
    assert bad.says in gap["detail"]
    assert gap["hint"], "what can be done about it"
    failing = {item["resource"]["name"] for item in document["findings"]}
    assert "bad" in failing, "the pod of that name in the good cluster"
    assert "canary" not in done.out + done.err


def test_targets_are_read_at_once_and_told_in_their_order(tmp_path: Path) -> None:
    """The first is the slowest; all the time that they need together is not taken."""

    def slow(asked: Asked) -> Reply | None:
        if asked.path == "/api/v1/pods":
            time.sleep(1.5)
        return None

    names = [f"c{number}" for number in range(6)]
    servers: list[Server] = [Server(slow) for _ in names]
    try:
        kubeconfig(tmp_path, dict(zip(names, (each.url for each in servers), strict=True)))
        targets = [f"k8s://{name}" for name in names]
        done = scan(tmp_path, *targets, options=("--progress", "plain"))
    finally:
        for each in servers:
            each.close()
    assert [target["uri"] for target in done.results()["targets"]] == targets
    begun = [
        index
        for index, line in enumerate(done.err.splitlines())
        for uri in targets
        if line.startswith(f"{uri}: ")
    ]
    assert begun
    lines = done.err.splitlines()
    first_end = min(index for index, line in enumerate(lines) if _is_end(line))
    started = {line.partition(": ")[0] for line in lines[:first_end]}
    assert len(started) == len(names), "all had begun before the first was done"


def _is_end(line: str) -> bool:
    done, _, total = line.rpartition(": ")[2].removesuffix(" parts").partition("/")
    return done == total


TWICE = {
    "by one name": ("k8s://one", "k8s://one"),
    "by its name and as the current one": ("k8s://", "k8s://one"),
}


@pytest.mark.parametrize("targets", TWICE.values(), ids=TWICE.keys())
def test_one_cluster_twice_is_a_mistake(tmp_path: Path, targets: tuple[str, str]) -> None:
    with serving(healthy) as server:
        kubeconfig(tmp_path, {"one": server.url})
        done = scan(tmp_path, *targets)
    assert (done.code, done.out) == (2, "")
    assert "k8s://one: the same target twice" in done.err


NEAR = {
    "k8s": "k8s://",
    "k8s:": "k8s://",
    "k8s+incluster": "k8s+incluster://",
    "docker": "docker://",
}


@pytest.mark.parametrize(("typed", "meant"), NEAR.items(), ids=NEAR.keys())
def test_a_scheme_without_its_slashes(tmp_path: Path, typed: str, meant: str) -> None:
    done = auditor("scan", typed, cwd=tmp_path)
    assert done.code == 2
    assert f"hint: is {meant} meant?" in done.err


NONE = {
    "no kubeconfig": ({"HOME": "/nonexistent"}, ("--kubeconfig", "k8s+incluster://")),
    "a list of nothing": ({"KUBECONFIG": os.pathsep}, ("KUBECONFIG names no file",)),
}


@pytest.mark.parametrize(("env", "says"), NONE.values(), ids=NONE.keys())
def test_no_kubeconfig(tmp_path: Path, env: dict[str, str], says: tuple[str, ...]) -> None:
    done = auditor("doctor", "k8s://", env=env, cwd=tmp_path)
    assert done.code == 3
    assert all(each in done.err for each in says), done.err
    assert "doctor" not in done.err, "it is what was asked"


def test_a_pod_around_us_is_another_matter(tmp_path: Path) -> None:
    done = auditor("doctor", "k8s+incluster://", cwd=tmp_path)
    assert done.code == 3
    assert "Service host/port is not set" in done.err
    assert "KUBECONFIG" not in done.err


def test_doctor_says_what_to_do_about_401(tmp_path: Path) -> None:
    def handle(asked: Asked) -> Reply:
        del asked
        return Reply(b"{}", code=401)

    with serving(handle) as server:
        path = kubeconfig(tmp_path, {"one": server.url})
        done = auditor("doctor", "k8s://", "--kubeconfig", path)
    assert done.code == 3
    assert "hint: the server does not know us: log in again" in done.err

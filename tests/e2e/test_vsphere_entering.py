"""How a command gets the secret that it enters a vCenter with, as a whole."""

from __future__ import annotations

import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.command import auditor, ended, started, surroundings
from tests.faults.server import serving
from tests.faults.vcenters import PASSWORD, Authority, Vcenter

HELD = "5e55105e55105e55105e55105e55105e55105e55"


class Entered(NamedTuple):
    """A vCenter, and what a command needs to reach it."""

    vcenter: Vcenter
    place: str
    ca: tuple[str, str]

    @property
    def target(self) -> str:
        return f"vsphere://audit@{self.place}"


@pytest.fixture
def entered(tmp_path: Path) -> Iterator[Entered]:
    authority, vcenter = Authority(tmp_path), Vcenter()
    with serving(vcenter, authority.context()) as server:
        place = f"127.0.0.1:{server.port}/"
        yield Entered(vcenter, place, ("--ca-file", str(authority.file)))


def test_a_program_tells_the_password(entered: Entered, tmp_path: Path) -> None:
    """It inherits none of the others."""
    told, seen = tmp_path / "tell", tmp_path / "seen"
    told.write_text(
        f"#!/bin/sh\nenv > {seen}\necho {PASSWORD}\necho s4id-besides >&2\n",
    )
    told.chmod(0o700)
    env = {"AUDITOR_VSPHERE_PASSWORD": "0ther-word", "AUDITOR_VSPHERE_SESSION": "0ther-session"}
    options = ("--password-command", str(told), *entered.ca)
    ran = auditor("scan", entered.target, *options, "--format", "json", env=env)
    assert ran.results()["targets"][0]["state"] != "failed", ran.err
    assert (entered.vcenter.called.count("Login"), entered.vcenter.sessions) == (1, 0)
    assert "0ther" not in seen.read_text()
    assert PASSWORD not in ran.out + ran.err
    assert "s4id" not in ran.out + ran.err


def test_a_session_of_the_environment(entered: Entered, tmp_path: Path) -> None:
    """It is in no bundle."""
    entered.vcenter.held = HELD
    env = {"AUDITOR_VSPHERE_SESSION": HELD}
    held = tmp_path / "held"
    target = f"vsphere://{entered.place}"
    ran = auditor("collect", target, *entered.ca, "--output", held, env=env)
    assert ran.code in {0, 3}, ran.err
    assert {"Login", "Logout"}.isdisjoint(entered.vcenter.called)
    kept = b"".join(each.read_bytes() for each in held.rglob("*") if each.is_file())
    assert HELD.encode() not in kept + ran.out.encode() + ran.err.encode()


def test_a_session_that_is_over_is_said(entered: Entered, tmp_path: Path) -> None:
    file = tmp_path / "session"
    file.write_text(HELD)
    ran = auditor("scan", entered.target, "--session-file", file, *entered.ca)
    assert ran.code == 3
    assert "the session that was given is not open there" in ran.out + ran.err
    assert HELD not in ran.out + ran.err


def test_a_person_is_asked(entered: Entered) -> None:
    """On a terminal, without an echo; standard output may go elsewhere."""
    leader, follower = pty.openpty()
    words = ("scan", entered.target, *entered.ca, "--format", "json")
    streams = (follower, None, follower)
    with started(*words, env=surroundings(), session=True, streams=streams) as process:
        os.close(follower)
        shown = b""
        while b"password of" not in shown or b": " not in shown:
            shown += os.read(leader, 4096)
        os.write(leader, PASSWORD.encode() + b"\n")
        ran = ended(process)
        try:
            while piece := os.read(leader, 4096):
                shown += piece
        except OSError:  # nobody has its other end any more
            os.close(leader)
    assert ran.results()["targets"][0]["state"] != "failed"
    assert f"password of vsphere://{entered.place}: ".encode() in shown
    assert PASSWORD.encode() not in shown
    assert entered.vcenter.called.count("Login") == 1


def test_nobody_is_asked_without_a_terminal(entered: Entered) -> None:
    ran = auditor("scan", entered.target, *entered.ca)
    assert ran.code == 3
    assert "there is not a password" in ran.out + ran.err
    assert entered.vcenter.called == []

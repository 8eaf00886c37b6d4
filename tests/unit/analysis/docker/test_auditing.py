"""Audit rules as ``auditctl -l`` prints them, and what they watch."""

from __future__ import annotations

import pytest

from auditor.analysis.docker.auditing import CHANGES, RUNS, watched_by, watches

FILE = "/etc/docker/daemon.json"
PEOPLE = "-F auid>=1000 -F auid!=-1"
WATCHED = {
    "the file": "-w /etc/docker/daemon.json -p wa -k docker",
    "its folder": "-w /etc/docker -p rwxa",
    "its folder, with a slash": "-w /etc/docker/ -p wa",
    "a folder above": "-w /etc -p wa",
    "everything": "-w / -p wa",
    "all accesses": "-w /etc/docker -k docker",
    "more than is asked for": "-w /etc/docker -p rwa",
    "by path": "-a always,exit -F path=/etc/docker/daemon.json -F perm=wa -F key=docker",
    "by folder": "-a always,exit -S all -F dir=/etc/docker -F perm=wa",
    "for one architecture": "-a always,exit -F arch=b64 -S all -F dir=/etc/docker -F perm=wa",
    "the other way round": "-a exit,always -F dir=/etc -F perm=wa",
    "of people who logged in": f"-a always,exit -F dir=/etc/docker -F perm=wa {PEOPLE}",
    "two rules together": "-w /etc/docker -p w\n-w /etc/docker/daemon.json -p a",
    "for both architectures": (
        "-a always,exit -F arch=b32 -S all -F dir=/etc/docker -F perm=wa\n"
        "-a always,exit -F arch=b64 -S all -F dir=/etc/docker -F perm=wa"
    ),
    "before a rule that takes all out": "-w /etc/docker -p wa\n-a never,exit -S all",
    "behind one on a program": "-a never,exit -S all -F exe=/usr/bin/x\n-w /etc/docker -p wa",
    "behind one on some calls": "-a never,exit -F arch=b64 -S adjtimex\n-w /etc/docker -p wa",
    "with messages left out": "-a never,exclude -F msgtype=CWD\n-w /etc/docker -p wa",
    "behind a rule on something else": "-a never,exit -F dir=/var\n-w /etc/docker -p wa",
}
NOT_WATCHED = {
    "nothing": "",
    "another file": "-w /etc/docker/key.json -p wa",
    "a folder whose name begins so": "-w /etc/dock -p wa",
    "a file whose name begins so": "-w /etc/docker/daemon.json.old -p wa",
    "only reading": "-w /etc/docker -p r",
    "only writing": "-w /etc/docker -p w",
    "only running": "-w /etc/docker -p x",
    "the folder itself": "-a always,exit -F path=/etc/docker -F perm=wa",
    "one user": "-a always,exit -F dir=/etc/docker -F perm=wa -F uid=1000",
    "all but one user": "-a always,exit -F dir=/etc/docker -F perm=wa -F uid!=0",
    "refused alone": "-a always,exit -F dir=/etc/docker -F perm=wa -F exit=-EACCES",
    "one call": "-a always,exit -F arch=b64 -S openat -F dir=/etc/docker",
    "all but a folder": "-a always,exit -F dir!=/etc/docker -F perm=wa",
    "messages of programs": "-a always,user -F dir=/etc/docker",
    "behind a rule that takes it out": "-a never,exit -F dir=/etc/docker\n-w /etc/docker -p wa",
    "behind one that takes root out": f"-a never,exit -F path={FILE} -F uid=0\n-w /etc -p wa",
    "behind one that takes all out": "-a never,exit -S all\n-w /etc/docker -p wa",
    "behind one that takes all calls out": "-a exit,never -F arch=b64\n-w /etc/docker -p wa",
    "where no process is audited": "-a never,task\n-w /etc/docker -p wa",
    "where none is audited, said last": "-w /etc/docker -p wa\n-a task,never",
    "for calls of 32 bits": "-a always,exit -F arch=b32 -S all -F dir=/etc/docker -F perm=wa",
    "a field of no form": "-a always,exit -F dir=/etc/docker -F perm",
    "quotes that do not end": "-w '/etc/docker -p wa",
    "options without a value": "-w",
}


@pytest.mark.parametrize("text", WATCHED.values(), ids=WATCHED)
def test_watched(text: str) -> None:
    assert watched_by(list(watches(text.splitlines())), FILE, CHANGES) in text.splitlines()


@pytest.mark.parametrize("text", NOT_WATCHED.values(), ids=NOT_WATCHED)
def test_not_watched(text: str) -> None:
    assert watched_by(list(watches(text.splitlines())), FILE, CHANGES) is None


@pytest.mark.parametrize(("perms", "watched"), [("x", True), ("rwxa", True), ("wa", False)])
def test_programs_are_watched_for_being_run(perms: str, watched: bool) -> None:  # noqa: FBT001
    rules = list(watches([f"-w /usr/bin/dockerd -p {perms}"]))
    assert (watched_by(rules, "/usr/bin/dockerd", RUNS) is not None) is watched

"""Targets as they are typed, and what they come to by Docker's own configuration."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from auditor.errors import CollectionError, UsageError
from collectors.docker.live.address import Way, parse_address
from collectors.docker.live.contexts import Surroundings, resolve

TYPED = {
    "docker://": (Way.CONTEXT, "", "docker://"),
    "docker://build": (Way.CONTEXT, "build", "docker://build"),
    "docker://build/": (Way.CONTEXT, "build", "docker://build"),
    "docker+unix:///run/d.sock": (Way.UNIX, "/run/d.sock", "docker+unix:///run/d.sock"),
    "docker+unix:///a%20b.sock": (Way.UNIX, "/a b.sock", "docker+unix:///a%20b.sock"),
    "docker+tls://h": (Way.TLS, "h:2376", "docker+tls://h:2376"),
    "docker+tls://h:1/": (Way.TLS, "h:1", "docker+tls://h:1"),
    "docker+tls://[::1]:2": (Way.TLS, "[::1]:2", "docker+tls://[::1]:2"),
    "docker+ssh://a@h": (Way.SSH, "a@h", "docker+ssh://a@h"),
    "docker+ssh://h:22": (Way.SSH, "h:22", "docker+ssh://h:22"),
}


@pytest.mark.parametrize(("text", "found"), TYPED.items(), ids=TYPED)
def test_a_target(text: str, found: tuple[Way, str, str]) -> None:
    address = parse_address(text)
    assert (address.way, address.where, address.uri) == found
    assert parse_address(address.uri) == address


WRONG = (
    "docker://../x",
    "docker://a?b=c",
    "docker+unix://run/d.sock",
    "docker+unix://",
    "docker+tls://",
    "docker+tls://a@h",
    "docker+tls://h:port",
    "docker+ssh://",
    "docker+ssh://-oProxyCommand=x",
    "docker+ssh://a b",
    "docker+ssh://a@h/path",
)


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(UsageError) as told:
        parse_address(text)
    assert told.value.hint


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(UsageError) as told:
        parse_address("docker+ssh://a:canary@h")
    assert "canary" not in told.value.message


def configured(folder: Path, current: str = "", **hosts: str) -> str:
    """A configuration of Docker's with contexts."""
    (folder / "config.json").write_text(json.dumps({"currentContext": current, "auths": {}}))
    for name, host in hosts.items():
        meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
        meta.mkdir(parents=True)
        endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
        value = {"Name": name, "Metadata": {}, "Endpoints": endpoints}
        (meta / "meta.json").write_text(json.dumps(value))
    return str(folder)


LOCAL = parse_address("docker://")


def test_without_anything_it_is_the_usual_socket() -> None:
    found = resolve(LOCAL, Surroundings())
    assert (found.address.way, found.address.where) == (Way.UNIX, "/var/run/docker.sock")
    assert found.address.uri == "docker://"


def test_the_variable_goes_before_the_current_context(tmp_path: Path) -> None:
    folder = configured(tmp_path, "build", build="ssh://a@b")
    found = resolve(LOCAL, Surroundings(host="unix:///x.sock", folder=folder))
    assert found.address.where == "/x.sock"
    assert resolve(LOCAL, Surroundings(folder=folder)).address.where == "a@b"


def test_a_name_goes_before_the_variables(tmp_path: Path) -> None:
    folder = configured(tmp_path, "", build="tcp://h:2375", other="unix:///o.sock")
    around = Surroundings(host="unix:///x.sock", context="other", folder=folder)
    found = resolve(parse_address("docker://build"), around)
    assert (found.address.way, found.address.where) == (Way.TCP, "h:2375")
    around = Surroundings(context="other", folder=folder)
    assert resolve(LOCAL, around).address.where == "/o.sock"


def test_certificates_of_a_context(tmp_path: Path) -> None:
    folder = configured(tmp_path, "build", build="tcp://h:2376")
    tls = tmp_path / "contexts" / "tls" / hashlib.sha256(b"build").hexdigest() / "docker"
    tls.mkdir(parents=True)
    found = resolve(LOCAL, Surroundings(folder=folder))
    assert (found.address.way, found.certificates) == (Way.TLS, tls)


def test_verified_tls_of_the_variables() -> None:
    around = Surroundings(host="tcp://h:2376", tls=True, certificates="/certs")
    found = resolve(LOCAL, around)
    assert (found.address.way, found.certificates) == (Way.TLS, Path("/certs"))


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no context build"):
        resolve(parse_address("docker://build"), Surroundings(folder=str(tmp_path)))


@pytest.mark.parametrize("host", ["npipe:////./pipe/docker", "fd://", "nothing"])
def test_a_host_that_cannot_be_asked(host: str) -> None:
    with pytest.raises(UsageError, match="not a host that can be asked"):
        resolve(LOCAL, Surroundings(host=host))


@pytest.mark.parametrize("text", ["{", "[]", '{"currentContext": 3}'])
def test_a_configuration_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CollectionError, match="not as Docker writes it"):
        resolve(LOCAL, Surroundings(folder=str(tmp_path)))

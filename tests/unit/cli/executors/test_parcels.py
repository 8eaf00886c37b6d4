"""What goes along with a target: its own secrets by value, no path, and nothing of another."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from auditor.cli.wires.parcels import PARCELS, Parcel, unpacked
from auditor.cli.wiring import CollectorOptions
from auditor.config import DockerConfig, VsphereConfig
from collectors.kubernetes.live.address import parse_address
from collectors.kubernetes.live.credentials import kept_token
from collectors.kubernetes.live.kubeconfig import choose


def pack(text: str, **settings: Any) -> Parcel | None:
    return PARCELS[text.partition("://")[0]](text, CollectorOptions(**settings))


def kubeconfig(folder: Path, **user: object) -> Path:
    """Two contexts; files beside it, by relative paths."""
    (folder / "ca.crt").write_text("the authority")
    (folder / "token").write_text("canary-of-file\n")
    value = {
        "current-context": "prod",
        "contexts": [
            {"name": "prod", "context": {"cluster": "p", "user": "me"}},
            {"name": "odd name?", "context": {"cluster": "o", "user": "you"}},
        ],
        "clusters": [
            {"name": "p", "cluster": {"server": "https://h:1", "certificate-authority": "ca.crt"}},
            {"name": "o", "cluster": {"server": "https://[::1]:2", "proxy-url": "http://p"}},
        ],
        "users": [
            {"name": "me", "user": user},
            {"name": "you", "user": {"token": "canary-of-others"}},
        ],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(value))
    return path


USERS: dict[str, dict[str, object]] = {
    "a token": {"token": "canary-t"},
    "a token in a file": {"tokenFile": "token"},
    "a token before its file": {"token": "canary-t", "tokenFile": "token"},
    "a file that is not there": {"tokenFile": "none"},
    "a certificate": {"client-certificate": "ca.crt", "client-key": "token"},
    "data before a file": {"client-key-data": "eA==", "client-key": "token"},
    "a program": {"exec": {"command": "aws", "args": ["x"]}},
    "a program beside it": {"exec": {"command": "./bin/login"}},
    "a name and whom we act as": {"username": "u", "password": "p", "as": "x", "as-groups": ["g"]},
}


@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
def test_a_kubeconfig_means_the_same(tmp_path: Path, user: dict[str, object]) -> None:
    """Read there as it is here, once what stands in files is compared by content."""
    path = kubeconfig(tmp_path, **user)
    parcel = pack("k8s://prod?namespace=a", kubeconfig=str(path))
    assert parcel is not None
    assert b"canary-of-others" not in parcel.kubeconfig
    there = tmp_path / "there"
    there.mkdir()
    address = parse_address("k8s://prod?namespace=a")
    ours = choose(address, str(path))
    theirs = choose(address, unpacked(parcel, there).kubeconfig)
    assert (theirs.context, parcel.host) == (ours.context, "h")
    assert meant(theirs.cluster) == meant(ours.cluster)
    program = {"exec": {"command": f"{tmp_path}/bin/login"}}
    beside = user.get("exec") == {"command": "./bin/login"}
    assert meant(theirs.user) == (program if beside else meant(ours.user))
    if user.get("tokenFile") != "none":
        assert kept_token(theirs.user) == kept_token(ours.user)


def meant(entry: Any) -> dict[str, object]:
    """An entry with the content of its files."""
    found = dict(entry)
    for key in ("certificate-authority", "client-certificate", "client-key"):
        path = found.pop(key, None)
        if path and not found.get(f"{key}-data"):
            found[f"{key}-data"] = base64.b64encode(Path(path).read_bytes()).decode()
    path = Path(found.get("tokenFile") or "none")
    if path.is_file():
        found.setdefault("token", path.read_text().strip())
        del found["tokenFile"]
    return found


def test_an_odd_context_is_the_one_that_was_named(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, token="canary-of-mine")  # noqa: S106 - of nobody
    parcel = pack("k8s://odd%20name%3F", kubeconfig=str(path))
    assert parcel is not None
    assert (parcel.host, parcel.is_near) == ("::1", True)
    assert b"canary-of-mine" not in parcel.kubeconfig
    assert "canary" not in repr(parcel)


def test_files_of_others_are_ours_alone(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("authority")
    entered = VsphereConfig("u", "canary-w", "", str(tmp_path / "ca"), "", checked=True)
    parcel = pack("vsphere://me@vc.example/", vsphere=entered, timeout=5.0)
    assert parcel is not None
    assert (parcel.host, parcel.authority, parcel.is_near) == ("vc.example", b"authority", False)
    there = tmp_path / "there"
    there.mkdir()
    found = unpacked(parcel, there)
    assert found.vsphere == VsphereConfig("u", "canary-w", "", str(there / "authority.pem"))
    assert found.timeout == 5.0
    assert {stat.S_IMODE(each.stat().st_mode) for each in there.iterdir()} == {0o600}


def test_an_engine_has_its_certificates(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text(name)
    parcel = pack("docker+tls://h:2376", docker=DockerConfig(certificates=str(tmp_path)))
    assert parcel is not None
    there = tmp_path / "there"
    there.mkdir()
    assert unpacked(parcel, there).docker.certificates == str(there)
    assert {each.name for each in there.iterdir()} == {"ca.pem", "cert.pem", "key.pem"}
    (tmp_path / "key.pem").unlink()
    assert pack("docker+tls://h", docker=DockerConfig(certificates=str(tmp_path))) is None


HERE = ("docker", "docker+unix", "docker+ssh", "images", "")
"""Schemes of what is a part of this machine, or entered by what is."""


@pytest.mark.parametrize("scheme", HERE)
def test_what_stays_here(scheme: str) -> None:
    assert scheme not in PARCELS


def test_the_cluster_that_we_run_in_stays_here() -> None:
    assert pack("k8s+incluster://name") is None
    assert pack("docker+tls://h") is None, "there are no certificates"
    near = pack("vsphere://me@127.0.0.1:1/")
    assert near is not None
    assert near.is_near

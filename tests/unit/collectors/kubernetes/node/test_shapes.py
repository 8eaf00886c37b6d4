"""What was seen of a node as bodies: which files are which, and what nobody knows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.platforms.kubernetes import NODE_COMPONENTS, NODE_FILES, NODE_KUBELET
from collectors.hosts.seen import FOLDER, Stat
from collectors.kubernetes.node.framing import parse
from collectors.kubernetes.node.probes import MOST_ENTRIES
from collectors.kubernetes.node.shapes import bodies
from tests.sweeps import sweep
from tests.unit.collectors.kubernetes.node.trees import (
    POD,
    SETTINGS,
    STATIC,
    TENANT,
    node,
    printed,
    running,
)

pytestmark = pytest.mark.process


def seen(root: Path) -> dict[str, Any]:
    """The bodies of a node by their kinds."""
    return dict(bodies(parse(printed(root))))


def paths(entries: list[dict[str, Any]]) -> list[str]:
    return [each["path"] for each in entries]


def test_the_files_of_a_node_that_kubeadm_made(tmp_path: Path) -> None:
    found = seen(node(tmp_path))[NODE_FILES]
    manifests = "/etc/kubernetes/manifests"
    pki = "/etc/kubernetes/pki"
    units = "/usr/lib/systemd/system/kubelet.service"
    assert {field: paths(each) for field, each in found.items() if isinstance(each, list)} == {
        "apiServerManifest": [f"{manifests}/kube-apiserver.yaml"],
        "controllerManagerManifest": [f"{manifests}/kube-controller-manager.yaml"],
        "schedulerManifest": [f"{manifests}/kube-scheduler.yaml"],
        "etcdManifest": [f"{manifests}/etcd.yaml"],
        "adminCredentials": ["/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf"],
        "schedulerCredentials": ["/etc/kubernetes/scheduler.conf"],
        "controllerManagerCredentials": ["/etc/kubernetes/controller-manager.conf"],
        "proxyCredentials": [],
        "networkFiles": ["/etc/cni/net.d/10-net.conflist"],
        "etcdData": ["/var/lib/etcd"],
        "keyFiles": [
            pki,
            *(f"{pki}/{each}" for each in ("ca.crt", "ca.key")),
            *(f"{pki}/{each}" for each in ("etcd", "etcd/ca.crt", "etcd/ca.key")),
        ],
        "keys": [f"{pki}/ca.key", f"{pki}/etcd/ca.key"],
        "certificates": [f"{pki}/ca.crt", f"{pki}/etcd/ca.crt"],
        "kubeletUnit": [units, f"{units}.d/10-kubeadm.conf"],
        "kubeletCredentials": ["/etc/kubernetes/kubelet.conf"],
        "clientAuthority": ["/etc/kubernetes/pki/ca.crt"],
        "kubeletSettings": ["/var/lib/kubelet/config.yaml"],
    }
    assert found["etcdAccount"] == {"user": 998, "group": 997}
    assert all("unread" not in each for value in found.values() for each in value if each)
    assert found["apiServerManifest"][0]["permissions"] == "0600"


def test_a_worker_has_no_files_of_a_control_plane(tmp_path: Path) -> None:
    node(tmp_path, {"var/lib/kubelet/config.yaml": 0o600, "etc/kubernetes/kubelet.conf": 0o600})
    (tmp_path / "var/lib/etcd").rmdir()
    found = seen(tmp_path)[NODE_FILES]
    held = {field for field, each in found.items() if isinstance(each, list) and each}
    assert held == {"kubeletCredentials", "kubeletSettings"}, "and ca.crt is not there"


def test_the_kubelet_was_told_by_its_arguments_and_files(tmp_path: Path) -> None:
    found = seen(node(tmp_path))[NODE_KUBELET]
    assert found["flags"] == {
        "config": ["/var/lib/kubelet/config.yaml"],
        "kubeconfig": ["/etc/kubernetes/kubelet.conf"],
    }
    assert found["hidden"] == ["bootstrap-kubeconfig"]
    (settings,) = found["settings"]
    assert settings["values"]["staticPodPath"] == "/etc/kubernetes/manifests"
    assert "unread" not in found


def test_components_of_the_control_plane(tmp_path: Path) -> None:
    node(tmp_path)
    arguments = ("etcd", "--client-cert-auth", "true", "--data-dir=/srv/etcd", "-cert-file", "/a")
    given = {"ETCD_KEY_FILE": "/b"}
    running(tmp_path, 800, "etcd", *arguments, groups=STATIC, mounts=POD, environment=given)
    running(tmp_path, 801, "etcd", "etcd", groups=TENANT, mounts=POD)
    found = seen(tmp_path)
    assert found[NODE_COMPONENTS]["components"] == [
        {
            "component": "etcd",
            "place": "static",
            "user": os.geteuid(),
            "flags": {"client-cert-auth": ["true"], "data-dir": ["/srv/etcd"], "cert-file": ["/a"]},
            "hidden": [],
            "variables": given,
        }
    ]
    assert found[NODE_FILES]["etcdData"] == [], "it was told of another folder, which is not there"


def _gone(root: Path) -> None:
    shutil.rmtree(root / "proc/700")


def _two(root: Path) -> None:
    running(root, 701, "kubelet", "kubelet")


def _inside(root: Path) -> None:
    _gone(root)
    running(root, 701, "k3s-server", "k3s")


def _unknown(root: Path) -> None:
    (root / "proc/1/ns/mnt").unlink()


def _silent(root: Path) -> None:
    (root / "proc/700/cmdline").write_bytes(b"")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_gone, "no kubelet runs there"),
        (_two, "2 kubelets run on the node itself"),
        (_inside, "k3s-server runs there, and has its kubelet inside"),
        (_unknown, "whether it is the node's own: look as root"),
        (_silent, "its arguments could not be read"),
    ],
)
def test_a_kubelet_that_nobody_knows(
    tmp_path: Path, change: Callable[[Path], None], why: str
) -> None:
    change(node(tmp_path))
    found = seen(tmp_path)
    assert why in found[NODE_KUBELET]["unread"]
    (tmp_path / "var/lib/kubelet/config.yaml").unlink()
    (only,) = seen(tmp_path)[NODE_FILES]["kubeletSettings"]
    assert why in only["unread"], "that it has no configuration is not known"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kind: KubeletConfiguration\n\tx: y\n", "not valid YAML"),
        ("kind: KubeletConfigurations\n", "it is no KubeletConfiguration"),
        ("- KubeletConfiguration\n", "it is no KubeletConfiguration"),
        ("", "it can't be looked at"),
    ],
)
def test_a_configuration_that_is_none(tmp_path: Path, text: str, why: str) -> None:
    (node(tmp_path) / "var/lib/kubelet/config.yaml").write_text(text)
    found = seen(tmp_path)
    (settings,) = found[NODE_KUBELET]["settings"]
    assert why in settings["unread"]
    (only,) = found[NODE_FILES]["clientAuthority"]
    assert only["unread"] == "which authority it has is not known"


def test_drop_ins_count_after_the_file_in_their_order(tmp_path: Path) -> None:
    node(tmp_path)
    _gone(tmp_path)
    running(tmp_path, 700, "kubelet", "kubelet", "--config=/srv/k.yaml", "--config-dir=/srv/k.d/")
    (tmp_path / "srv/k.d").mkdir(parents=True)
    for name in ("k.yaml", "k.d/20.conf", "k.d/10.conf", "k.d/30.yaml"):
        (tmp_path / "srv" / name).write_text(SETTINGS)
    found = seen(tmp_path)[NODE_KUBELET]
    assert paths(found["settings"]) == ["/srv/k.yaml", "/srv/k.d/10.conf", "/srv/k.d/20.conf"]


def _drop_ins(root: Path, flag: str, *names: str) -> Path:
    """A kubelet with a file and drop-ins that are at some places below ``/srv/k.d``."""
    node(root)
    _gone(root)
    running(root, 700, "kubelet", "kubelet", "--config=/srv/k.yaml", f"--config-dir={flag}")
    for name in ("k.yaml", *(f"k.d/{each}" for each in names)):
        path = root / "srv" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SETTINGS)
    return root / "srv"


def test_drop_ins_are_walked_as_a_kubelet_walks_them(tmp_path: Path) -> None:
    """As ``findings/kubelet-walks-its-drop-ins.sh`` shows of 1.37.2."""
    names = ("10-a.conf", "10-a/x.conf", "10-a/y.yaml", "10/x.conf", ".hidden.conf", "b.conf/.conf")
    _drop_ins(tmp_path, "/srv/k.d", *names)
    found = seen(tmp_path)[NODE_KUBELET]["settings"]
    assert paths(found) == [
        "/srv/k.yaml",
        *("/srv/k.d/.hidden.conf", "/srv/k.d/10/x.conf", "/srv/k.d/10-a/x.conf"),
        *("/srv/k.d/10-a.conf", "/srv/k.d/b.conf/.conf"),
    ]
    assert not [each for each in found if "unread" in each]


def test_drop_ins_that_lie_too_deep_leave_it_unknown(tmp_path: Path) -> None:
    _drop_ins(tmp_path, "/srv/k.d", "a/b/c/d.conf")
    found = seen(tmp_path)[NODE_KUBELET]["settings"]
    assert [each["path"] for each in found if "unread" in each] == ["/srv/k.d/a/b"]


LINK = Stat(0o755, FOLDER, 0, 0, 1, 2, "/opt/k.d")


@pytest.mark.parametrize(("flag", "read"), [("/srv/k.d", []), ("/srv/k.d/", ["/srv/k.d/10.conf"])])
def test_a_link_to_the_drop_ins_is_followed_where_a_slash_ends_it(
    tmp_path: Path, flag: str, read: list[str]
) -> None:
    _drop_ins(tmp_path, flag, "10.conf")
    there = parse(printed(tmp_path))
    linked = msgspec.structs.replace(there, stats={**there.stats, "/srv/k.d": LINK})
    found = dict(bodies(linked))[NODE_KUBELET]["settings"]
    assert paths(found) == ["/srv/k.yaml", *read]


def test_a_null_in_a_drop_in_takes_a_path_away(tmp_path: Path) -> None:
    node(tmp_path)
    _gone(tmp_path)
    running(tmp_path, 700, "kubelet", "kubelet", "--config=/srv/k.yaml", "--config-dir=/srv/k.d")
    (tmp_path / "srv/k.d").mkdir(parents=True)
    (tmp_path / "srv/k.yaml").write_text(SETTINGS)
    assert seen(tmp_path)[NODE_FILES]["clientAuthority"]
    drop_in = "kind: KubeletConfiguration\nauthentication: {x509: null}\n"
    (tmp_path / "srv/k.d/10.conf").write_text(drop_in)
    found = seen(tmp_path)
    assert found[NODE_FILES]["clientAuthority"] == []
    (file, patch) = found[NODE_KUBELET]["settings"]
    assert "nulls" not in file
    assert patch["nulls"] == [["authentication", "x509"]]


def test_no_manifest_is_seen_where_their_folder_is_not_known(tmp_path: Path) -> None:
    (node(tmp_path) / "var/lib/kubelet/config.yaml").write_text("- a\n")
    for each in (tmp_path / "etc/kubernetes/manifests").iterdir():
        each.unlink()
    found = seen(tmp_path)[NODE_FILES]
    for field in ("apiServerManifest", "etcdManifest", "schedulerManifest"):
        (only,) = found[field]
        assert only["unread"] == "which folder of manifests it has is not known"


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("authentication: {x509: {clientCAFile: /a}}", ["/a"]),
        ("authentication: {x509: {clientCaFile: /a}}", None),
        ("authentication: {X509: {clientCAFile: /a}}", None),
        ("Authentication: {}", None),
        ("authorization: {Mode: Webhook}", ["/etc/kubernetes/pki/ca.crt"]),
    ],
)
def test_a_path_that_a_drop_in_misspells_is_not_known(
    tmp_path: Path, said: str, known: list[str] | None
) -> None:
    """As ``findings/kubelet-drop-ins-any-case.sh`` shows of 1.37.2."""
    _drop_ins(tmp_path, "/srv/k.d", "10.conf")
    (tmp_path / "srv/k.d/10.conf").write_text(f"kind: KubeletConfiguration\n{said}\n")
    found = seen(tmp_path)[NODE_FILES]["clientAuthority"]
    if known is None:
        (only,) = found
        assert only["unread"] == "which authority it has is not known"
    else:
        assert paths(found) == known


def test_a_file_is_read_letter_by_letter(tmp_path: Path) -> None:
    _drop_ins(tmp_path, "/srv/k.d")
    said = "kind: KubeletConfiguration\nauthentication: {x509: {clientCaFile: /a}}\n"
    (tmp_path / "srv/k.yaml").write_text(said)
    assert seen(tmp_path)[NODE_FILES]["clientAuthority"] == []


def test_other_names_and_places_of_manifests(tmp_path: Path) -> None:
    node(tmp_path)
    settings = tmp_path / "var/lib/kubelet/config.yaml"
    settings.write_text(SETTINGS.replace("/etc/kubernetes/manifests", "/srv/manifests"))
    (tmp_path / "srv/manifests").mkdir(parents=True)
    for name in (
        "kube-apiserver.manifest",
        "my-kube-scheduler.json",
        "etcd.yaml.bak",
        "netcd.yaml",
    ):
        (tmp_path / "srv/manifests" / name).touch()
    found = seen(tmp_path)[NODE_FILES]
    assert paths(found["apiServerManifest"]) == ["/srv/manifests/kube-apiserver.manifest"]
    assert paths(found["schedulerManifest"]) == ["/srv/manifests/my-kube-scheduler.json"]
    assert found["etcdManifest"] == []


@sweep(some=20, whole=MOST_ENTRIES)
def test_a_folder_with_too_many_files_is_not_known_whole(tmp_path: Path, size: int) -> None:
    node(tmp_path)
    for number in range(size + 1):
        (tmp_path / f"etc/cni/net.d/{number}.conf").touch()
    found = dict(bodies(parse(printed(tmp_path, most=size))))[NODE_FILES]["networkFiles"]
    assert found[0]["unread"].startswith("more than 1000 files")
    assert len(found) == size + 1
    assert MOST_ENTRIES == 1000

"""The script runs in every shell, writes nothing, and records no secret and nobody else's."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from auditor.platforms.kubernetes import PROBED
from collectors.hosts.seen import Stat, Unread
from collectors.kubernetes.node.framing import parse
from collectors.kubernetes.node.observed import Account, Observed, RunsIn
from collectors.kubernetes.node.script import script
from collectors.kubernetes.node.shapes import bodies
from tests.unit.collectors.kubernetes.node.trees import (
    MODES,
    POD,
    SETTINGS,
    STATIC,
    TENANT,
    node,
    printed,
    running,
)

pytestmark = pytest.mark.process

SHELLS = [
    pytest.param(shell, id=" ".join(shell)) for shell in (("dash",), ("bash",), ("bash", "--posix"))
]
"""Beside ``sh``, by which what is compared with them was seen."""
LONG = [letter * (length - 20) for length in (49, 50, 57, 58) for letter in "né"]
"""Below ``/etc/kubernetes/pki/``: one line of base64 or two, of paths around that length."""
ETCD = ("etcd", "--name=a", "--data-dir", "/srv/etcd", "--initial-cluster-token=s3cr3t-1")


def busy(root: Path) -> Path:
    """A node with all that is odd."""
    node(root)
    names = ("a b.crt", ".hidden.crt", "*.crt", "new\nline.crt", "$(id)", "-n")
    for name in (*names, *LONG):
        (root / "etc/kubernetes/pki" / name).write_text("x")
    (root / "etc/kubernetes/pki/link.crt").symlink_to("ca.crt")
    (root / os.fsdecode(b"etc/cni/net.d/\xff\xfe.conf")).touch()
    os.mkfifo(root / "etc/cni/net.d/pipe")
    (root / "srv/etcd").mkdir(parents=True, mode=0o700)
    running(
        root,
        800,
        "etcd",
        *ETCD,
        groups=STATIC,
        mounts=POD,
        environment={
            "ETCD_CERT_FILE": "/a.crt",
            "ETCD_INITIAL_CLUSTER_TOKEN": "s3cr3t-2",
            "A": "b",
        },
    )
    running(
        root,
        801,
        "kube-apiserver",
        "kube-apiserver",
        "--profiling",
        "--cloud-token",
        "s3cr3t-3",
        "--oidc-client-secret=s3cr3t-4",
        "--request-timeout",
        "1m",
        "s3cr3t-5",
        groups=STATIC,
        mounts=POD,
    )
    running(root, 900, "kubelet", "kubelet", "--config=/etc/shadow", groups=TENANT, mounts=POD)
    running(root, 901, "etcd", "etcd", "--data-dir=/tenant", groups=TENANT, mounts=POD)
    running(root, 902, "k3s-agent", "k3s", "--token=s3cr3t-6")
    running(root, 903, "bash", "bash", "-c", "s3cr3t-7")
    inside = TENANT.replace("\n", "/kubepods-pod0123456789abcdef0123456789abcdef.slice/x\n")
    running(root, 904, "kube-scheduler", "kube-scheduler", groups=inside, mounts=POD)
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node with all that is odd, which no test changes."""
    return busy(tmp_path_factory.mktemp("busy") / "root")


@pytest.fixture(scope="module")
def seen(root: Path) -> Observed:
    """What is seen of it."""
    return parse(printed(root))


@pytest.mark.parametrize("shell", SHELLS)
def test_it_prints_the_same_in_every_shell(
    root: Path, seen: Observed, shell: tuple[str, ...]
) -> None:
    there = parse(printed(root, shell))
    for field in set(seen.__struct_fields__) - {"time"}:
        assert getattr(there, field) == getattr(seen, field), field
    assert there.texts["/var/lib/kubelet/config.yaml"] == SETTINGS.encode()
    assert {f"/etc/kubernetes/pki/{name}" for name in LONG} <= there.stats.keys()


def test_a_system_that_is_busybox_alone_will_do(root: Path, seen: Observed, busybox: Path) -> None:
    done = subprocess.run(
        [busybox / "sh", "-s", "--", str(root)],
        input=script().encode(),
        env={"PATH": str(busybox)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == b""
    there = parse(done.stdout)
    for field in ("stats", "folders", "texts", "processes", "etcd", "machine", "lines"):
        assert getattr(seen, field) == getattr(there, field), field


def test_a_file_is_told_by_its_bits_and_numbers(tmp_path: Path) -> None:
    path = "etc/kubernetes/admin.conf"
    seen = parse(printed(node(tmp_path, {**MODES, path: 0o4642})))
    at = seen.at(f"/{path}")
    assert isinstance(at, Stat)
    assert (at.mode, at.type, at.owner) == (0o4642, "file", os.geteuid())
    assert seen.at("/etc/kubernetes/manifests/gone") != at
    assert seen.at("/etc/kubernetes/proxy.conf") is None
    assert seen.etcd == Account(998, 997)
    assert seen.machine == "0123456789abcdef0123456789abcdef"


def test_only_the_nodes_own_processes_are_recorded(seen: Observed) -> None:
    assert not isinstance(seen.processes, Unread)
    found = [(each.name, each.runs_in) for each in seen.processes]
    assert sorted(found, key=str) == [
        ("etcd", RunsIn.STATIC),
        ("k3s-agent", RunsIn.NODE),
        ("kube-apiserver", RunsIn.STATIC),
        ("kubelet", RunsIn.NODE),
    ]
    for path in ("/etc/shadow", "/tenant"):
        assert path not in seen.stats
        assert path not in seen.texts


def test_values_are_kept_of_flags_on_the_list_alone(seen: Observed) -> None:
    assert not isinstance(seen.processes, Unread)
    by_name = {each.name: each for each in seen.processes}
    assert by_name["kube-apiserver"].words == (
        "=--profiling",
        "~--cloud-token",
        ".",
        "~--oidc-client-secret",
        "=--request-timeout",
        "=1m",
        ".",
    )
    assert by_name["etcd"].words[1:] == ("=--data-dir", "=/srv/etcd", "~--initial-cluster-token")
    assert by_name["etcd"].variables == {"ETCD_CERT_FILE": "/a.crt"}
    assert by_name["k3s-agent"].words == ()
    assert isinstance(seen.at("/srv/etcd"), Stat)


def test_no_secret_is_recorded(seen: Observed) -> None:
    everything = repr([getattr(seen, name) for name in seen.__struct_fields__])
    assert "s3cr3t" not in everything
    assert "hunter2" not in everything, "contents of keys and credentials"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kind: KubeletConfiguration\nstaticPodURLHeader: {Authorization: [hunter2]}\n", "not rec"),
        ('{"kind": "KubeletConfiguration", "STATICPODURLHEADER": {"a": ["hunter2"]}}', "not rec"),
        ('{"kind": "KubeletConfiguration", "staticPod\\u0055RLHeader": {"a": ["hunter2"]}}', "not"),
        ("root:hunter2:0:0\n", "can't be looked at"),
        ("kind: KubeletConfiguration\n" + "#" * (1 << 18), "larger"),
    ],
)
def test_what_is_no_plain_configuration_is_not_recorded(
    tmp_path: Path, text: str, why: str
) -> None:
    (node(tmp_path) / "var/lib/kubelet/config.yaml").write_text(text)
    found = parse(printed(tmp_path)).texts["/var/lib/kubelet/config.yaml"]
    assert isinstance(found, Unread)
    assert why in found.detail


def test_paths_are_those_that_the_kubelet_was_told(tmp_path: Path) -> None:
    node(tmp_path)
    shutil.rmtree(tmp_path / "proc/700")
    told = ("--config", "/srv/k.yaml", "--config-dir=/srv/k.d", "-kubeconfig=/srv/k.conf")
    running(tmp_path, 700, "kubelet", "/usr/bin/kubelet", *told)
    (tmp_path / "srv/k.d").mkdir(parents=True)
    (tmp_path / "srv/m").mkdir()
    (tmp_path / "srv/m/kube-apiserver.yaml").touch()
    (tmp_path / "srv/k.yaml").write_text(SETTINGS.replace("/etc/kubernetes/manifests", '"/srv/m"'))
    (tmp_path / "srv/k.d/10.conf").write_text(SETTINGS)
    (tmp_path / "srv/k.conf").touch()
    seen = parse(printed(tmp_path))
    assert isinstance(seen.at("/srv/k.conf"), Stat)
    assert isinstance(seen.at("/srv/m/kube-apiserver.yaml"), Stat)
    assert seen.unlisted("/srv/m") is None
    assert seen.texts["/srv/k.d/10.conf"] == SETTINGS.encode()


def test_links_of_a_mounted_disk_are_not_followed(tmp_path: Path) -> None:
    node(tmp_path)
    link = tmp_path / "etc/kubernetes/scheduler.conf"
    link.unlink()
    link.symlink_to("/etc/passwd")
    shutil.rmtree(tmp_path / "etc/cni/net.d")
    (tmp_path / "etc/cni/net.d").symlink_to("/usr")
    seen = parse(printed(tmp_path))
    assert isinstance(seen.at("/etc/kubernetes/scheduler.conf"), Unread)
    assert not list(seen.below("/etc/cni/net.d"))


def test_this_machine_whatever_it_is(tmp_path: Path) -> None:
    """Without a folder it looks at the root, with all that runs here."""
    del tmp_path
    seen = parse(printed(Path("/")))
    assert (seen.host, seen.kernel, seen.user) == (
        os.uname().nodename,
        os.uname().release,
        os.geteuid(),
    )
    assert {kind for kind, _ in bodies(seen)} == PROBED


def snapshot(folder: Path) -> dict[str, tuple[int, ...]]:
    """All that stands below a folder, with what a write would change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        at = path.lstat()
        found[str(path)] = (at.st_mode, at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino)
    return found


PROGRAMS = {
    *("base64", "date", "grep", "head", "id", "readlink", "sed", "sha256sum", "stat", "tr"),
    "uname",
}


def test_a_recording_shows_that_it_writes_nothing(root: Path, tmp_path: Path) -> None:
    """Each program that it runs is recorded, and the tree and folders of its own stay the same."""
    folder, log = tmp_path / "bin", tmp_path / "log"
    folder.mkdir()
    for name in (*PROGRAMS, "cat", "sh", "cp", "rm", "touch", "tee"):
        wrapper = folder / name
        real = shutil.which(name)
        wrapper.write_text(f'#!/bin/sh\necho {name} >> {log}\nexec {real} "$@"\n')
        wrapper.chmod(0o755)
    (tmp_path / "here").mkdir()
    before = snapshot(root)
    subprocess.run(
        ["/bin/sh", "-s", "--", str(root)],
        input=script().encode(),
        env={"PATH": str(folder), "HOME": str(tmp_path / "here"), "TMPDIR": str(tmp_path / "here")},
        cwd=tmp_path / "here",
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert snapshot(root) == before
    assert list((tmp_path / "here").iterdir()) == []
    assert set(log.read_text().split()) == PROGRAMS, "none of them writes files"
    assert not re.search(r"\bsed (-n )?-i|\bdate -s|[;'/]w /", script())


WRITES = re.compile(
    r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND"
    r"|^(?:\d+ +)?(?:unlink|rename|mkdir|rmdir|link|symlink|chmod|fchmod|chown|fchown|lchown|mknod"
    r"|truncate|ftruncate|setxattr|utime|mount|connect|bind|kill)[a-z0-9]*\("
)
"""Calls that change something, or speak to somebody."""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace records what is called")
def test_the_kernel_saw_no_write(root: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    strace = ["strace", "-f", "-qq", "-o", str(log), "-e", "trace=file,desc,network,kill"]
    done = subprocess.run(
        [*strace, "/bin/sh", "-s", "--", str(root)],
        input=script().encode(),
        capture_output=True,
        timeout=300,
        check=False,
    )
    if done.returncode and not done.stdout:
        pytest.skip(f"strace may not: {done.stderr[:100]!r}")
    calls = log.read_text(errors="replace").splitlines()
    assert len(calls) > 1000
    wrong = [each for each in calls if WRITES.search(each) and '"/dev/null"' not in each]
    assert wrong == []


def test_nothing_but_its_output_is_redirected_anywhere() -> None:
    code = re.sub(r"'[^']*'|#.*", "", script())
    assert set(re.findall(r"[0-9]?>>?&?\s*[^\s;)|]+", code)) <= {
        "2>/dev/null",
        "2>&1",
        ">&2",
        ">/dev/null",
    }


def test_it_asks_for_what_it_needs(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-s"],
        input=script().encode(),
        env={"PATH": str(tmp_path)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"look.sh: there is no base64 here\n"


CERTIFICATE = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"


def test_what_a_process_believes_is_told_by_a_digest(tmp_path: Path) -> None:
    """As it sees the file itself: a static pod has its own root."""
    node(tmp_path)
    etcd = ("etcd", "--trusted-ca-file=/pki/ca.crt")
    server = ("kube-apiserver", "--client-ca-file=/etc/kubernetes/pki/ca.crt")
    running(tmp_path, 800, "etcd", *etcd, groups=STATIC, mounts=POD)
    running(tmp_path, 801, "kube-apiserver", *server, groups=STATIC, mounts=POD)
    running(tmp_path, 802, "kube-apiserver", "kube-apiserver", "--client-ca-file=/pki/ca.key")
    running(tmp_path, 803, "etcd", "etcd", "--trusted-ca-file=/pki/gone.crt", "--key-file=/x")
    own = tmp_path / "proc/800/root/pki/ca.crt"
    own.parent.mkdir(parents=True)
    own.write_text(CERTIFICATE.format("a"))
    (tmp_path / "etc/kubernetes/pki/ca.crt").write_text(CERTIFICATE.format("b"))
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki/ca.key").write_text(CERTIFICATE.format("c") + "-----BEGIN PRIVATE KEY-----\n")
    found = parse(printed(tmp_path)).authorities
    assert [(each.name, each.path) for each in found] == [
        ("etcd", "/pki/ca.crt"),
        ("kube-apiserver", "/etc/kubernetes/pki/ca.crt"),
        ("kube-apiserver", "/pki/ca.key"),
        ("etcd", "/pki/gone.crt"),
    ]
    first, second = (hashlib.sha256(CERTIFICATE.format(each).encode()) for each in "ab")
    assert [each.digest for each in found] == [first.hexdigest(), second.hexdigest(), "", ""]
    assert [each.unread for each in found[2:]] == ["it can't be looked at", "there is none"]

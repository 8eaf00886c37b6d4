"""Compose projects as chance makes them, and what two readers of them are compared by."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

FIELDS: Mapping[str, tuple[str, ...]] = {
    "annotations": ("[a=1, b=2]", "{a: 3, c: true}"),
    "build": (
        "./web",
        "{context: ., args: {A: 1, B: $TAG}}",
        "{context: ../other, target: x}",
        "{context: ., privileged: 'yes', network: host, entitlements: [security.insecure]}",
        "{context: ., privileged: '${PRIV:-TRUE}', network: $TAG, entitlements: [network.host]}",
        "{context: ., privileged: off, network: none, entitlements: !override []}",
    ),
    "cap_add": ("[NET_ADMIN]", "[cap_sys_admin, NET_ADMIN]", "[]", "!reset []", "!override [ALL]"),
    "cap_drop": ("[ALL]", "[all, NET_RAW]"),
    "cgroup_parent": ("x.slice",),
    "command": (
        'echo a  b \'c d\' "e\\"f"',
        "[a, b]",
        "serve --tag $TAG $$HOME",
        "a; b",
        "!reset null",
        "''",
        "x\\ y",
    ),
    "cpus": ("1.5", "'0.5'", "${CPUS:-2}"),
    "device_cgroup_rules": ("['c 195:* rwm']",),
    "devices": (
        "[/dev/fuse]",
        "['/dev/a:/dev/b:r', /dev/fuse]",
        "['nvidia.com/gpu=0:1']",
        "[{source: /dev/a, target: /dev/c}]",
    ),
    "depends_on": ("[c]", "{c: {condition: service_healthy}}"),
    "deploy": (
        "{resources: {limits: {memory: 2g, pids: 7}}}",
        "{resources: {reservations: {devices: [{driver: nvidia, capabilities: [gpu]}]}}}",
        "{resources: {reservations: {devices: [{count: 0, capabilities: [gpu]}]}}}",
        "{resources: {reservations: {devices: [{device_ids: [], capabilities: [gpu]}]}}}",
        "{resources: {reservations: {devices: [{device_ids: ['3'], capabilities: [gpu]}]}}}",
        "{restart_policy: {condition: on-failure, max_attempts: '4'}, labels: [a=b]}",
    ),
    "dns": ("1.1.1.1", "[1.1.1.1, 8.8.8.8]"),
    "entrypoint": ("[/bin/x]", "/bin/x -v"),
    "env_file": ("a.env", "[a.env, {path: b.env, required: false}]", "[{path: a.env}]"),
    "environment": (
        "{A: 1, B: , C: true, D: 1.50}",
        "[A=2, B, 'E=$TAG']",
        "{F: '${MODE:-dev}', G: '${EMPTY-x}', H: '${EMPTY:-x}', I: '${TAG:+set}'}",
        "[A=1, A=2]",
        "!override {Z: 1e3}",
    ),
    "gpus": ("all", "[{driver: nvidia}]", "[{count: 2}]", "[{device_ids: ['0', '1']}]"),
    "healthcheck": ("{test: curl x}", "{test: [CMD, a]}", "{test: [NONE]}", "{disable: 'true'}"),
    "image": ("a", "r.io/a:$TAG", "'r.io/a:${NONE:-${TAG}}'", "b@sha256:" + "0" * 64),
    "init": ("true",),
    "ipc": ("host", "shareable"),
    "labels": ("[a=1, b]", "{a: 2, c: null}", "{d: yes}"),
    "logging": ("{driver: none}", "{driver: local, options: {x: '1'}}", "{options: {y: '2'}}"),
    "mem_limit": ("512m", "1gb", "1073741824", "'1.5g'"),
    "network_mode": ("host", "none"),
    "pid": ("host",),
    "pids_limit": ("100", "'50'", "-1"),
    "ports": (
        "['8080:80']",
        "['127.0.0.1:8080:80']",
        "[80, '8080:80', '9000-9002:90-92']",
        "['[::1]:53:53/udp', '3000-3005:3000']",
        "[{target: 80, published: 8080, host_ip: 127.0.0.1}]",
        "[{target: '90', published: '1-2', mode: host}]",
        "!override ['1:1']",
        "!reset []",
        "['010:010']",
    ),
    "privileged": ("true", "'true'", "'yes'", "${PRIV:-false}", "!reset true"),
    "profiles": ("[debug]",),
    "read_only": ("true", "'no'"),
    "restart": ("always", "'no'", "on-failure:3", "yes"),
    "runtime": ("nvidia",),
    "security_opt": ("['no-new-privileges:true']", "['seccomp=unconfined']"),
    "shm_size": ("1g",),
    "sysctls": ("[a=1]", "{a: 2, b: 3}"),
    "tmpfs": ("/run", "[/run, /tmp]"),
    "ulimits": ("{nofile: 10}", "{nofile: {soft: 1, hard: '2'}, core: 0}"),
    "user": ("'1000'", "root", "null", "''", "1000:1000"),
    "userns_mode": ("host",),
    "volumes": (
        "['./d:/d']",
        "['/var/run/docker.sock:/s:ro', 'data:/d']",
        "['v:/v', '/anonymous', '~/.ssh:/k:ro,z']",
        "[{type: bind, source: ../x, target: /d, read_only: 'true'}]",
        "['/a/../b:/c//d/:rshared', {type: tmpfs, target: /t}]",
        "['data:/d:nocopy']",
    ),
}
"""What a service may say, each in several ways."""

OF_WORKLOADS = frozenset({"build", "depends_on", "healthcheck", "ports"})
"""What a service and a job may say, and a container before a service may not."""
OF_SERVICES = frozenset({"deploy", "profiles", "restart"})
HOOKS = (
    "{command: a b, user: root, privileged: '${PRIV:-true}'}",
    "{command: [a, $TAG], environment: [A=1, B], working_dir: /x}",
    "{command: x, privileged: true, environment: {C: 1.50}}",
)
"""Commands in the container of a service."""
NAMES = ("a", "b", "c")
TAILS = "volumes: {data: {}, v: {}}\n"
VARIABLES = "TAG=7\nEMPTY=\nexport CPUS=3 # three\nMODE='$TAG'\nPRIV: true\nBOTH=\"$TAG-${MODE}\"\n"
A_ENV = "A=env\nB=env\nX=$TAG #c\nY='$TAG'\nZ=\"a\\n${X}\"\nexport W=a#b\nTAG2=${TAG:-none}$A\n"

bodies = st.dictionaries(st.sampled_from(sorted(FIELDS)), st.integers(0, 20), max_size=6)
of_jobs = st.dictionaries(
    st.sampled_from(sorted(FIELDS.keys() - OF_SERVICES)), st.integers(0, 20), max_size=4
)
of_hooks = st.dictionaries(
    st.sampled_from(sorted(FIELDS.keys() - OF_SERVICES - OF_WORKLOADS)),
    st.integers(0, 20),
    max_size=4,
)


def service(name: str, fields: Mapping[str, int], extra: str = "") -> str:
    """Write one service; what can't go together is left out."""
    lines = [f"  {name}:"]
    for key, number in fields.items():
        if key == "profiles" and name == "c":
            continue  # what others depend on is always there
        if key == "depends_on" and name == "c":
            continue
        forms = FIELDS[key]
        lines.append(f"    {key}: {forms[number % len(forms)]}")
    if extra:
        lines.append(f"    {extra}")
    if len(lines) == 1:
        lines.append("    tty: true")
    return "\n".join(lines) + "\n"


@st.composite
def hooked(draw: st.DrawFn) -> str:
    """Write a service of which hardly more is said than what is started with it."""
    lines = ["  h:", "    image: r.io/h:1"]
    for key in draw(st.lists(st.sampled_from(("post_start", "pre_stop")), unique=True)):
        commands = draw(st.lists(st.sampled_from(HOOKS), min_size=1, max_size=2))
        lines.append(f"    {key}: [{', '.join(commands)}]")
    lines.append("    pre_start:")
    for fields in draw(st.lists(of_hooks, min_size=1, max_size=2)):
        lines.append("      - working_dir: /w")
        for key, number in fields.items():
            forms = [form for form in FIELDS[key] if not form.startswith("!")]
            lines.append(f"        {key}: {forms[number % len(forms)]}")
    return "\n".join(lines) + "\n"


@st.composite
def projects(draw: st.DrawFn) -> Mapping[str, str]:
    """Make the files of one project by their paths."""
    files = {
        ".env": VARIABLES,
        "a.env": A_ENV,
        "sub/a.env": "A=sub\n",
        "sub/.env": "TAG=sub\nN=1\n",
    }
    base = "services:\n"
    for name in NAMES:
        fields = {"image": 0, **draw(bodies)}
        extras = ["", ""]
        if name == "a":
            extras += ["extends: b", "extends: {service: z, file: sub/common.yaml}"]
        if name == "b":
            extras += ["extends: {service: c}", "extends: {service: y, file: ./sub/common.yaml}"]
        base += service(name, fields, draw(st.sampled_from(extras)))
    with_more = draw(st.booleans())
    base += draw(hooked()) if with_more else ""
    triggers = "triggers: {manual: true}"
    if with_more:
        base += f"jobs:\n{service('j', {'image': 0, **draw(of_jobs)}, triggers)}"
    base += TAILS
    if draw(st.booleans()):
        base = "include: [sub/compose.yaml]\n" + base
        inner = "".join(service(name, {"image": 0, **draw(bodies)}) for name in ("a", "e"))
        files["sub/compose.yaml"] = f"services:\n{inner}{service('c', {'image': 0})}{TAILS}"
    files["compose.yaml"] = base
    common = service("y", draw(bodies)) + service("z", draw(bodies), "extends: y")
    files["sub/common.yaml"] = f"services:\n{common}{service('c', {'image': 0})}"
    if draw(st.booleans()):
        over = "".join(service(name, draw(bodies)) for name in ("a", "b"))
        if with_more:
            over += f"{draw(hooked())}jobs:\n{service('j', draw(of_jobs))}"
        files["compose.override.yaml"] = f"services:\n{over}"
    return files


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write the files of a project."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


_SIZES = re.compile(r"(\d+(?:\.\d+)?)([kmg]?)b?")
_SIZED = frozenset({"mem_limit", "shm_size", "memory"})
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


def _size(value: object) -> int:
    match = _SIZES.fullmatch(str(value))
    assert match is not None, value
    return int(float(match[1]) * 1024 ** _POWERS[match[2]])


NOT_COMPARED = frozenset({"env_file", "dockerfile", "create_host_path", "recursive", "depends_on"})
"""What Compose adds or keeps without a meaning of its own: the variables are compared."""


def comparable(value: Any, folder: str, key: str = "") -> Any:
    """A value in the form that both are compared in: nothing empty, paths from the folder."""
    if key in _SIZED and value:
        return _size(value)
    if isinstance(value, dict):
        made = {
            name: comparable(item, folder, name)
            for name, item in value.items()
            if name not in NOT_COMPARED
        }
        if key == "environment":
            return {
                name: f"{{{{ {name} }}}}" if item is None else item for name, item in made.items()
            }
        if key == "networks":
            return {
                name: {field: each for field, each in (item or {}).items() if field != "name"}
                for name, item in made.items()
            }
        kept = key in ("labels", "args", "annotations", "sysctls")
        return {
            name: item
            for name, item in made.items()
            if kept or item not in (None, "", [], {}, False)
        }
    if isinstance(value, list):
        return [comparable(item, folder) for item in value]
    if isinstance(value, str) and key in ("source", "context"):
        if value.startswith("/home/somebody"):
            return "~" + value.removeprefix("/home/somebody")
        if value.startswith(("./", "../")) or value == ".":
            return os.path.normpath(f"{folder}/{value}")
    if isinstance(value, float) and value == int(value):
        return int(value)
    return value

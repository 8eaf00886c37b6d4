"""A machine with two GPUs that two teams share, as its Docker Engine tells of it (API 1.52).

It does not exist, and its fields are those of an engine: ``test_gpu_host`` holds them against a
real one. The host beneath it is in :mod:`tests.recorded.beneath`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.faults.server import Asked, Reply, json_reply

NAME: Final = "gpu-1"
KERNEL: Final = "6.8.0-87-generic"
VERSION: Final = "29.1.3"
API: Final = "1.52"
CREATED: Final = "2026-11-17T08:12:44.000000000Z"
ROOT: Final = "/var/lib/docker"
_PIPES: Final = "/tmp/nvidia-mps"  # noqa: S108 - of a host that is not there
GPUS: Final = (
    "GPU-5c1f0a6e-0000-4000-8000-000000000020",
    "GPU-5c1f0a6e-0000-4000-8000-000000000021",
)
_KEY: Final = "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432"
_ENDS: Final = {True: "0001-01-01T00:00:00Z", False: "2026-11-30T04:41:07.118250031Z"}

IMAGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "registry.example.com/vision/train:2026.11": {
        "user": "10001",
        "steps": (
            "FROM_IMAGE docker.io/nvidia/cuda",
            "ENV PATH=/opt/venv/bin:/usr/local/cuda/bin:/usr/bin:/bin",
            "ENV NVIDIA_VISIBLE_DEVICES=all",
            "COPY --chmod=755 /opt/venv /opt/venv # buildkit",
            "USER 10001",
            'HEALTHCHECK &{["CMD" "/opt/venv/bin/healthy"] "30s" "5s" "0s" "0s" \'\\x03\'}',
            'CMD ["python" "-m" "train"]',
        ),
        "healthy": True,
    },
    "docker.io/vllm/vllm-openai:v0.11.0": {
        "user": "",
        "steps": (
            "ENV NVIDIA_VISIBLE_DEVICES=all",
            "RUN /bin/sh -c pip install vllm==0.11.0 # buildkit",
            'ENTRYPOINT ["vllm" "serve"]',
        ),
    },
    "registry.example.com/llm/finetune:nightly": {
        "user": "",
        "steps": (
            f"ARG WANDB_API_KEY={_KEY}",
            f"RUN |1 WANDB_API_KEY={_KEY} /bin/sh -c python -m warm # buildkit",
            "ENV NVIDIA_VISIBLE_DEVICES=all",
            'CMD ["python" "-m" "finetune"]',
        ),
    },
    "quay.io/jupyter/pytorch-notebook:cuda12-2026-11-03": {
        "user": "1000",
        "steps": (
            "ENV NVIDIA_VISIBLE_DEVICES=all",
            "USER 1000",
            'HEALTHCHECK &{["CMD-SHELL" "/etc/jupyter/healthcheck"] "3s" "1s" "3s" "0s" \'\\x03\'}',
            'CMD ["start-notebook.py"]',
        ),
        "healthy": True,
    },
    "docker.io/library/registry:3.0.0": {
        "user": "",
        "steps": ('CMD ["/etc/distribution/config.yml"]',),
    },
}
"""What each image is made of; the first is as it should be."""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def image_id(name: str) -> str:
    """The id of an image."""
    return f"sha256:{_digest(name)}"


def _image(name: str) -> dict[str, Any]:
    made = IMAGES[name]
    variables = [step.removeprefix("ENV ") for step in made["steps"] if step.startswith("ENV ")]
    config: dict[str, Any] = {"Env": variables, "Cmd": ["run"], "Labels": {}}
    if made["user"]:
        config["User"] = made["user"]
    if made.get("healthy"):
        config["Healthcheck"] = {"Test": ["CMD", "/healthy"], "Interval": 30_000_000_000}
    return {
        "Id": image_id(name),
        "RepoTags": [name],
        "RepoDigests": [f"{name.rpartition(':')[0]}@{image_id(name + '@')}"],
        "Created": CREATED,
        "Architecture": "amd64",
        "Os": "linux",
        "Size": 7_300_000_000,
        "Config": config,
        "RootFS": {"Type": "layers", "Layers": [image_id(f"{name}/0")]},
    }


def _history(name: str) -> list[dict[str, Any]]:
    steps = [step for step in IMAGES[name]["steps"] if not step.startswith("FROM_IMAGE")]
    made = [
        {"Id": "<missing>", "Created": 1_763_367_164, "CreatedBy": step, "Tags": None, "Size": 0}
        | {"Comment": "buildkit.dockerfile.v0"}
        for step in reversed(steps)
    ]
    return [{**made[0], "Id": image_id(name), "Tags": [name]}, *made[1:]]


def _gpu(*ids: str, count: int = 0) -> dict[str, Any]:
    wanted = {"DeviceIDs": list(ids) or None, "Capabilities": [["gpu"]]}
    return {"Driver": "nvidia", "Count": count, **wanted, "Options": {}}


def _bind(source: str, target: str, *, writable: bool) -> dict[str, Any]:
    mode = "" if writable else "ro"
    found = {"Type": "bind", "Source": source, "Destination": target, "Mode": mode, "RW": writable}
    return {**found, "Propagation": "rprivate"}


def _volume(name: str, target: str) -> dict[str, Any]:
    source = f"{ROOT}/volumes/{name}/_data"
    found = {"Type": "volume", "Name": name, "Source": source, "Destination": target}
    return {**found, "Driver": "local", "Mode": "z", "RW": True, "Propagation": ""}


def _project(project: str, service: str) -> dict[str, str]:
    return {"com.docker.compose.project": project, "com.docker.compose.service": service}


_CAREFUL: Final = {
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges:true"],
    "ReadonlyRootfs": True,
    "PidsLimit": 1024,
    "NanoCpus": 8_000_000_000,
    "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5},
}

CONTAINERS: Final[Mapping[str, Mapping[str, Any]]] = {
    # the team vision has asked for one GPU, and does right what it can
    "vision-train-1": {
        "image": "registry.example.com/vision/train:2026.11",
        "labels": _project("vision", "train"),
        "user": "10001",
        "networks": ("vision_default",),
        "host": {**_CAREFUL, "Memory": 64 << 30, "DeviceRequests": [_gpu("0")]},
        "mounts": (_volume("vision_datasets", "/data"),),
    },
    # its second one gives turns on the other GPU to many small jobs, by MPS
    "vision-embed-1": {
        "image": "registry.example.com/vision/train:2026.11",
        "labels": _project("vision", "embed"),
        "user": "10001",
        "networks": ("vision_default",),
        "environment": (f"CUDA_MPS_PIPE_DIRECTORY={_PIPES}",),
        "host": {
            **_CAREFUL,
            "Memory": 16 << 30,
            "IpcMode": "host",
            "DeviceRequests": [_gpu("1")],
        },
        "mounts": (_bind(_PIPES, _PIPES, writable=True),),
    },
    # the team llm has asked for the same one: the engine looks at nobody
    "llm-chat-1": {
        "image": "docker.io/vllm/vllm-openai:v0.11.0",
        "labels": _project("llm", "chat"),
        "networks": ("llm_default",),
        "environment": ("HF_TOKEN=hf_ExAmPleExAmPleExAmPleExAmPleEx",),
        "command": ("--model", "/models/chat", "--port", "8000"),
        "ports": {"8000/tcp": [{"HostIp": "", "HostPort": "8000"}]},
        "host": {
            "IpcMode": "host",
            "Memory": 96 << 30,
            "DeviceRequests": [_gpu("0")],
            "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0},
        },
        "mounts": (_bind("/srv/models", "/models", writable=True),),
    },
    # runs at night, on all GPUs though it uses one
    "llm-finetune-1": {
        "image": "registry.example.com/llm/finetune:nightly",
        "labels": _project("llm", "finetune"),
        "networks": ("llm_default",),
        "running": False,
        "host": {"DeviceRequests": [_gpu(count=-1)], "ShmSize": 16 << 30},
        "mounts": (_bind("/srv/models", "/models", writable=True),),
    },
    # somebody's notebook, started by hand: it reaches the GPUs of both teams, and their containers
    "notebook": {
        "image": "quay.io/jupyter/pytorch-notebook:cuda12-2026-11-03",
        "user": "1000",
        "networks": ("host",),
        "host": {"Privileged": True, "NetworkMode": "host"},
        "mounts": (
            _bind("/var/run/docker.sock", "/var/run/docker.sock", writable=True),
            _bind("/home/kim/work", "/home/jovyan/work", writable=True),
        ),
    },
    "registry-cache": {
        "image": "docker.io/library/registry:3.0.0",
        "user": "10002",
        "networks": ("cache",),
        "ports": {"5000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5000"}]},
        "host": {**_CAREFUL, "Memory": 1 << 30},
        "mounts": (_volume("registry_cache", "/var/lib/registry"),),
    },
}
NETWORKS: Final = ("bridge", "host", "none", "vision_default", "llm_default", "cache")
VOLUMES: Final = ("vision_datasets", "registry_cache")

_HOST_CONFIG: Final[Mapping[str, Any]] = {
    "Binds": None,
    "LogConfig": {"Type": "journald", "Config": {}},
    "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
    "AutoRemove": False,
    "CapAdd": None,
    "CapDrop": None,
    "CgroupnsMode": "private",
    "IpcMode": "private",
    "Cgroup": "",
    "PidMode": "",
    "Privileged": False,
    "PublishAllPorts": False,
    "ReadonlyRootfs": False,
    "SecurityOpt": None,
    "UTSMode": "",
    "UsernsMode": "",
    "ShmSize": 64 << 20,
    "Runtime": "runc",
    "Isolation": "",
    "CpuShares": 0,
    "Memory": 0,
    "NanoCpus": 0,
    "CgroupParent": "",
    "CpuPeriod": 0,
    "CpuQuota": 0,
    "CpusetCpus": "",
    "Devices": None,
    "DeviceCgroupRules": None,
    "DeviceRequests": None,
    "PidsLimit": None,
    "Ulimits": None,
    "MaskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/sys/firmware"],
    "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
}


def container_id(name: str) -> str:
    """The id of a container."""
    return _digest(f"container {name}")


def container(name: str) -> dict[str, Any]:
    """What ``inspect`` shows of a container."""
    made = CONTAINERS[name]
    running, networks = made.get("running", True), made["networks"]
    host = {**_HOST_CONFIG, "NetworkMode": networks[0], **made["host"]}
    host["PortBindings"] = made.get("ports", {})
    host["Binds"] = [
        f"{each['Source']}:{each['Destination']}"
        for each in made["mounts"]
        if each["Type"] == "bind"
    ]
    if host["Privileged"]:
        host |= {"MaskedPaths": None, "ReadonlyPaths": None}
    if host["Privileged"] or host["IpcMode"] == "host":  # as the engine does, with SELinux or not
        host["SecurityOpt"] = [*(host["SecurityOpt"] or ()), "label=disable"]
    image = _image(made["image"])
    config = {
        "Hostname": container_id(name)[:12],
        "Domainname": "",
        "User": made.get("user", ""),
        "Env": [*image["Config"]["Env"], *made.get("environment", ())],
        "Cmd": list(made.get("command", ())) or image["Config"]["Cmd"],
        "Image": made["image"],
        "Entrypoint": None,
        "Labels": made.get("labels", {}),
    }
    if "Healthcheck" in image["Config"]:
        config["Healthcheck"] = image["Config"]["Healthcheck"]
    return {
        "Id": container_id(name),
        "Created": CREATED,
        "Path": config["Cmd"][0],
        "Args": config["Cmd"][1:],
        "State": {
            "Status": "running" if running else "exited",
            "Running": running,
            "Paused": False,
            "Pid": 4000 + list(CONTAINERS).index(name) if running else 0,
            "ExitCode": 0,
            "StartedAt": CREATED,
            "FinishedAt": _ENDS[running],
        },
        "Image": image["Id"],
        "Name": f"/{name}",
        "RestartCount": 0,
        "Driver": "overlayfs",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "unconfined" if host["Privileged"] else "docker-default",
        "ExecIDs": None,
        "HostConfig": host,
        "Mounts": list(made["mounts"]),
        "Config": config,
        "NetworkSettings": {
            "Ports": made.get("ports", {}) if running else {},
            "Networks": {each: {"NetworkID": _digest(f"network {each}")} for each in networks},
        },
    }


def _network(name: str) -> dict[str, Any]:
    plain = name in {"host", "none"}
    driver = {"host": "host", "none": "null"}.get(name, "bridge")
    options = {} if plain else {"com.docker.network.enable_ipv4": "true"}
    if name == "bridge":
        options = {
            "com.docker.network.bridge.default_bridge": "true",
            "com.docker.network.bridge.enable_icc": "true",
            "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",  # noqa: S104 - as it tells
            "com.docker.network.bridge.name": "docker0",
        }
    return {
        "Name": name,
        "Id": _digest(f"network {name}"),
        "Created": CREATED,
        "Scope": "local",
        "Driver": driver,
        "EnableIPv4": not plain,
        "EnableIPv6": False,
        "Internal": False,
        "Attachable": False,
        "Ingress": False,
        "ConfigOnly": False,
        "Options": options,
        "Labels": {},
    }


def _info() -> dict[str, Any]:
    running = sum(each.get("running", True) for each in CONTAINERS.values())
    names = [f"nvidia.com/gpu={each}" for each in ("0", "1", *GPUS, "all")]
    local = {"Name": "docker.io", "Mirrors": [], "Secure": True, "Official": True}
    return {
        "ID": "3e1f6c02-0000-4000-8000-000000000030",
        "Name": NAME,
        "Containers": len(CONTAINERS),
        "ContainersRunning": running,
        "ContainersPaused": 0,
        "ContainersStopped": len(CONTAINERS) - running,
        "Images": len(IMAGES),
        "Driver": "overlayfs",
        "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
        "DockerRootDir": ROOT,
        "Plugins": {
            "Volume": ["local"],
            "Network": ["bridge", "host", "ipvlan", "macvlan", "null", "overlay"],
            "Authorization": None,
            "Log": ["journald", "json-file", "local"],
        },
        "IPv4Forwarding": True,
        "Debug": False,
        "LoggingDriver": "journald",
        "CgroupDriver": "systemd",
        "CgroupVersion": "2",
        "KernelVersion": KERNEL,
        "OperatingSystem": "Ubuntu 24.04.3 LTS",
        "OSVersion": "24.04",
        "OSType": "linux",
        "Architecture": "x86_64",
        "NCPU": 64,
        "MemTotal": 540_000_000_000,
        "ServerVersion": VERSION,
        "Runtimes": {
            "io.containerd.runc.v2": {"path": "runc"},
            "nvidia": {"path": "nvidia-container-runtime"},
            "runc": {"path": "runc"},
        },
        "DefaultRuntime": "runc",
        "Swarm": {"NodeID": "", "LocalNodeState": "inactive", "ControlAvailable": False},
        "LiveRestoreEnabled": False,
        "Isolation": "",
        "InitBinary": "docker-init",
        "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"],
        "RegistryConfig": {
            "InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8"],
            "IndexConfigs": {"docker.io": local},
            "Mirrors": None,
        },
        "ExperimentalBuild": False,
        "FirewallBackend": {"Driver": "iptables"},
        "CDISpecDirs": ["/etc/cdi", "/var/run/cdi"],
        "DiscoveredDevices": [{"Source": "cdi", "ID": each} for each in names],
        "Warnings": None,
    }


def _version() -> dict[str, Any]:
    parts = (("Engine", VERSION), ("containerd", "v1.7.29"), ("runc", "1.3.4"))
    return {
        "Platform": {"Name": "Docker Engine - Community"},
        "Version": VERSION,
        "ApiVersion": API,
        "MinAPIVersion": "1.44",
        "Os": "linux",
        "Arch": "amd64",
        "KernelVersion": KERNEL,
        "Components": [{"Name": name, "Version": version} for name, version in parts],
    }


def confined() -> Mapping[str, bool]:
    """What the kernel shows of the containers that run: whether processes can't gain rights."""
    return {
        container_id(name): "no-new-privileges:true" in each["host"].get("SecurityOpt", ())
        for name, each in CONTAINERS.items()
        if each.get("running", True)
    }


def answers() -> Mapping[str, Any]:
    """What the engine answers, by the path without the version."""
    return dict(_answers())


def _answers() -> Iterator[tuple[str, Any]]:
    yield "/version", _version()
    yield "/info", _info()
    yield (
        "/containers/json",
        [{"Id": container_id(name), "Names": [f"/{name}"]} for name in CONTAINERS],
    )
    for name in CONTAINERS:
        yield f"/containers/{container_id(name)}/json", container(name)
    yield "/images/json", [{"Id": image_id(name), "RepoTags": [name]} for name in IMAGES]
    for name in IMAGES:
        yield f"/images/{image_id(name)}/json", _image(name)
        yield f"/images/{image_id(name)}/history", _history(name)
    networks = [_network(name) for name in NETWORKS]
    yield "/networks", networks
    for each in networks:
        yield f"/networks/{each['Id']}", {**each, "Containers": {}, "Status": {}}
    yield "/volumes", {"Volumes": [_named_volume(name) for name in VOLUMES], "Warnings": None}
    yield "/plugins", []


def _named_volume(name: str) -> dict[str, Any]:
    found = {"Name": name, "Driver": "local", "Mountpoint": f"{ROOT}/volumes/{name}/_data"}
    return {**found, "CreatedAt": "2026-11-17T08:12:44Z", "Labels": {}, "Options": None}


def engine(asked: Asked) -> Reply:
    """Answer a request as the engine of this host does."""
    path = asked.path.removeprefix(f"/v{API}")
    found = answers().get(path)
    if asked.method != "GET" or found is None:
        return json_reply({"message": "page not found"}, 404)
    return json_reply(found)

"""Random inputs: small pods, mutated by leaving things out and by giving them another type."""

from __future__ import annotations

import copy
from random import Random
from typing import Any, Final

NAMES: Final = ("main", "sidecar", "vllm", "triton", "init", "gpu-probe", "Größe", "")
IMAGES: Final = ("nvcr.io/nvidia/vllm:0.6", "busybox", "repo/x@sha256:0123", "a.b/c:latest", "é:1")
WRONG: Final[tuple[Any, ...]] = (
    *(None, 1, 0, -1, "x", "", "1", True, False, [], {}, [1], {"a": 1}, 1.5, [None]),
    *([{}], {"name": 5}, 2**53, "true", [["a"]]),
)


def random_pod(random: Random) -> dict[str, Any]:
    """A pod with what the generated expressions select."""
    labels = {key: random.choice(NAMES) for key in ("app", "tier") if random.random() < 0.7}
    return {
        "metadata": {"name": random.choice(NAMES), "namespace": "ml", "labels": labels},
        "spec": {
            "hostNetwork": random.random() < 0.3,
            "priority": random.randrange(-2, 5),
            "weight": random.choice((0.5, 1.0, 2.5, -1.0)),
            "containers": [_container(random) for _ in range(random.randrange(4))],
            "volumes": [_volume(random) for _ in range(random.randrange(3))],
            "tolerations": [{"key": "gpu", "operator": "Exists"}][: random.randrange(2)],
        },
        "ports": [random.choice((80, 443, 22, 0, 8080)) for _ in range(random.randrange(4))],
    }


def _container(random: Random) -> dict[str, Any]:
    container: dict[str, Any] = {"name": random.choice(NAMES), "image": random.choice(IMAGES)}
    if random.random() < 0.6:
        container["securityContext"] = {
            "privileged": random.random() < 0.5,
            "runAsUser": random.choice((0, 1000, 65534)),
            "capabilities": {"add": random.sample(("SYS_ADMIN", "NET_RAW", "ALL"), 2)},
        }
    if random.random() < 0.5:
        container["limits"] = {"cpu": "2", "nvidia.com/gpu": random.randrange(9)}
    return container


def _volume(random: Random) -> dict[str, Any]:
    if random.random() < 0.5:
        return {
            "name": random.choice(NAMES),
            "hostPath": {"path": random.choice(("/", "/var/run"))},
        }
    return {"name": random.choice(NAMES), "emptyDir": {}}


def mutate(random: Random, document: dict[str, Any], changes: int) -> dict[str, Any]:
    """A copy with up to ``changes`` places removed or replaced by a value of any type."""
    result = copy.deepcopy(document)
    for _ in range(changes):
        holder, key = random.choice(_places(result))
        if random.random() < 0.45:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(random.choice(WRONG))
        if not result:
            break
    return result


def _places(value: object) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, inner in items:
        found.append((value, key))
        found.extend(_places(inner))
    return found

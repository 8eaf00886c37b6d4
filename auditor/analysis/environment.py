"""What ConfigMaps put into the environment of a container, where they were read with the pod.

A container names variables, or takes all that a ConfigMap has::

    env:      [{name: NVIDIA_VISIBLE_DEVICES, valueFrom: {configMapKeyRef: {name: c, key: gpus}}}]
    envFrom:  [{prefix: HF_, configMapRef: {name: c}}]
    c         data: {gpus: all, HOME: /models}

so it has ``NVIDIA_VISIBLE_DEVICES`` all, and ``HF_gpus`` and ``HF_HOME``. A variable of ``env``
goes before any of ``envFrom``, a later source there before an earlier one (``makeEnvironment`` of
the kubelet). What was completed stands at the end of ``env``, so that all others stay where they
were written. A source that was not read may have any name, so nothing before it is taken for what
it says.

A value that is a secret, or too long to be a switch, stays a reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from auditor.analysis.completing import Spots
from auditor.analysis.loose import mapping
from auditor.analysis.paths import pointer_of
from auditor.late import late
from auditor.model.fact import Spot

CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")
_LONGEST: Final = 512
_REDACTED: Final = "«redacted"
_NAME: Final = late(r"[ -<>-~]+")
"""What a variable may be called (``IsRelaxedEnvVarName``): printable, and no equals sign."""


class Settings(msgspec.Struct, frozen=True):
    """What a ConfigMap says: a value of None is there, and not told."""

    name: str
    data: dict[str, str | None]


Find = Callable[[str], "tuple[Settings, int] | None"]
"""Gives a ConfigMap by its name, with its number among what the pod is related to."""


def settings_of(name: str, body: object) -> Settings:
    """Read a ConfigMap, without secrets; binary data is put into no environment."""
    data = mapping(mapping(body).get("data"))
    return Settings(
        name, {key: _told(value) for key, value in data.items() if _NAME.fullmatch(key)}
    )


def _told(value: object) -> str | None:
    plain = isinstance(value, str) and len(value) <= _LONGEST and _REDACTED not in value
    return value if plain and isinstance(value, str) else None


def pointers(settings: Settings) -> list[str]:
    """Where the values of a ConfigMap stand that are told."""
    return [_at(key) for key, value in settings.data.items() if value is not None]


def set_in(spec: Mapping[str, object], find: Find) -> tuple[dict[str, object], Spots]:
    """Put what ConfigMaps say into the environments of a pod's containers; where it was read."""
    spots: list[tuple[str, Spot | None]] = []
    made = dict(spec)
    for field in CONTAINERS:
        containers = spec.get(field)
        if isinstance(containers, list):
            made[field] = [
                _container(each, f"/spec/{field}/{index}", find, spots)
                for index, each in enumerate(containers)
            ]
    return made, tuple(spots)


def _container(
    container: object, pointer: str, find: Find, spots: list[tuple[str, Spot | None]]
) -> object:
    if not isinstance(container, dict):
        return container
    env, sources = container.get("env") or [], container.get("envFrom") or []
    if not isinstance(env, list) or not isinstance(sources, list):
        return container
    made = [_entry(each, f"{pointer}/env/{index}", find, spots) for index, each in enumerate(env)]
    left = _taken(made, sources, pointer, find, spots)
    if len(left) == len(sources) and made == env:
        return container
    changed = {name: value for name, value in container.items() if name != "envFrom"}
    return {**changed, "env": made, **({"envFrom": left} if left else {})}


def _taken(
    made: list[object],
    sources: list[object],
    pointer: str,
    find: Find,
    spots: list[tuple[str, Spot | None]],
) -> list[object]:
    """Take over what the last sources say, as far as they were read; the others are left."""
    named = {name for each in made if isinstance(name := mapping(each).get("name"), str)}
    left = list(sources)
    while left:
        source = mapping(left[-1])
        name = mapping(source.get("configMapRef")).get("name")
        known = find(name) if isinstance(name, str) else None
        if known is None:
            break
        left.pop()
        settings, of = known
        prefix = source.get("prefix")
        for key, value in settings.data.items():
            variable = f"{prefix}{key}" if isinstance(prefix, str) else key
            if variable not in named:
                named.add(variable)
                spots.append((f"{pointer}/env/{len(made)}/value", Spot(of, _at(key))))
                spots.append((f"{pointer}/env/{len(made)}", Spot(of, _at(key))))
                made.append(_variable(variable, settings.name, key, value))
    return left


def _variable(name: str, settings: str, key: str, value: str | None) -> dict[str, object]:
    if value is not None:
        return {"name": name, "value": value}
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": settings, "key": key}}}


def _entry(entry: object, pointer: str, find: Find, spots: list[tuple[str, Spot | None]]) -> object:
    """A variable, with its value where that is from a ConfigMap that was read."""
    reference = mapping(mapping(mapping(entry).get("valueFrom")).get("configMapKeyRef"))
    name, key = reference.get("name"), reference.get("key")
    if not isinstance(entry, dict) or not isinstance(name, str) or not isinstance(key, str):
        return entry
    known = find(name)
    value = known[0].data.get(key) if known is not None else None
    if known is None or value is None:
        return entry
    spots.append((f"{pointer}/value", Spot(known[1], _at(key))))
    return {
        **{field: said for field, said in entry.items() if field != "valueFrom"},
        "value": value,
    }


def _at(key: str) -> str:
    return pointer_of(("data", key))

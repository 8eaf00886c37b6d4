"""A kubelet's drop-ins, laid over its file, or over what it does where there is none.

::

    --config=config.yaml          readOnlyPort: 10255, podPidsLimit: 4096
    --config-dir=kubelet.d        10.conf: readOnlyPort: null

has no port that asks for nothing: a null takes away what is below it, and what is absent in the end
has the default of the type. But drop-ins alone are laid over what the flags come to, and that is
what kubelets did before there were files: they take everybody, as if there were no file at all, in
all that no drop-in speaks of.

Names are compared letter by letter in a file, and without regard to case in a drop-in. Which of two
that differ by case counts then follows from what is said below and from their order as bytes, so
one that is not written as it is called leaves all unknown.

Source: kubernetes v1.37.2 cmd/kubelet/app/server.go (mergeKubeletConfigurations); both are shown by
``findings/kubelet-drop-ins-alone.sh`` and ``findings/kubelet-drop-ins-any-case.sh``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, get_args

import msgspec

from auditor.analysis.nodes.kubelet import SettingsError, Written

_OLD: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "authentication": {"anonymous": {"enabled": True}},
        "authorization": {"mode": "AlwaysAllow"},
        "readOnlyPort": 10255,
    }
)
"""What the flags of a kubelet come to that is given none, where the type has another default."""


def merged(
    file: Mapping[str, Any] | None, drop_ins: Sequence[Mapping[str, Any]] = ()
) -> Mapping[str, Any] | None:
    """Put a file and drop-ins together, as JSON is patched; None where there are neither.

    Raises:
        SettingsError: what a drop-in says may count or not.
    """
    if file is None and not drop_ins:
        return None
    found = _over({}, _OLD if file is None else file)
    for each in drop_ins:
        _check_names(each, Written)
        found = _over(found, each)
    return found


def with_nulls(values: Mapping[str, Any], nulls: Iterable[object]) -> Mapping[str, Any]:
    """Put the nulls back that a body of a resource does not keep; each is a path of names."""
    found = values
    for each in nulls:
        patch: Any = None
        names: list[str] = each if isinstance(each, list) else []
        for name in reversed(names):
            patch = {name: patch}
        found = _beside(found, patch) if isinstance(patch, dict) else found
    return found


def _beside(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(one)
    for name, value in other.items():
        old = found.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            found[name] = _beside(old, value)
        else:
            found[name] = value
    return found


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(below)
    for name, value in above.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, Mapping):
            old = found.get(name)
            found[name] = _over(old if isinstance(old, Mapping) else {}, value)
        else:
            found[name] = value
    return found


def _check_names(said: Mapping[str, Any], known: type[msgspec.Struct]) -> None:
    fields = {each.encode_name.casefold(): each for each in msgspec.structs.fields(known)}
    for name, value in said.items():
        field = fields.get(name.casefold())
        if field is None:
            continue
        if name != field.encode_name:
            raise SettingsError(
                f"a drop-in says {name}, and whether a kubelet takes that for {field.encode_name} "
                "depends on what else is said"
            )
        inner = next((each for each in get_args(field.type) if _is_struct(each)), None)
        if inner is not None and isinstance(value, Mapping):
            _check_names(value, inner)


def _is_struct(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, msgspec.Struct)

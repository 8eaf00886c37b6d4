"""One object of a saved inventory: its properties, at the paths that a live server gives them at.

A server that is asked gives ``config.firmware`` by itself; what was saved has ``config`` whole. So
a path is walked in what was saved, and what comes of it is read by the same forms::

    <propSet><name>config</name><val>…<firmware>efi</firmware>
      <extraConfig><key>a</key><value>1</value></extraConfig>
      <extraConfig><key>b</key><value>2</value></extraConfig></val></propSet>

    config.firmware      <firmware>efi</firmware>
    config.extraConfig   <val> with both of them
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from xml.etree.ElementTree import Element

from collectors.vsphere.kinds.kind import Property
from collectors.vsphere.live.forms import LISTS, Form
from collectors.vsphere.live.markup import Refused, child, name_of, parse
from collectors.vsphere.live.pages import Found, found_of
from collectors.vsphere.saved.names import SERVICE, Reference

MOST_BYTES: Final = 64 << 20
"""Of one file; a machine has some fifty thousand."""
_INSIDE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        SERVICE: (
            *("content.rootFolder", "content.setting", "content.authorizationManager"),
            *("content.extensionManager", "content.cryptoManager", "content.alarmManager"),
        ),
        "Folder": ("childEntity",),
        "StoragePod": ("childEntity",),
        "Datacenter": ("vmFolder", "hostFolder", "networkFolder", "datastoreFolder"),
        "ComputeResource": ("host", "resourcePool"),
        "ClusterComputeResource": ("host", "resourcePool"),
        "ResourcePool": ("resourcePool",),
        "VirtualApp": ("resourcePool", "vm"),
    }
)
"""By which properties an object says what is in it."""


def object_of(data: bytes, named: Reference) -> Found:
    """Read a file.

    Raises:
        Refused: it is no object, or another than its name says.
    """
    if len(data) > MOST_BYTES:
        raise Refused(f"more than {MOST_BYTES:,} bytes")
    found = found_of(parse(data))
    if not found.identity:
        raise Refused("it says of no object that it is of it")
    if (found.type, found.identity) != (named.type, named.identity):
        raise Refused(f"it is of {found.type} {found.identity}, as its name does not say")
    return found


def with_paths(found: Found, asked: Iterable[Property]) -> Found:
    """Give each property that is asked for at its own path."""
    values: dict[str, Element] = {}
    for each in asked:
        value = value_at(found.values, each.path, each.form)
        if value is not None:
            values[each.path] = value
    return Found(found.type, found.identity, values, found.missing)


def value_at(values: Mapping[str, Element], path: str, form: Form) -> Element | None:
    """Find what stands at a path, None where nothing does; of a list all its elements in one."""
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        top = values.get(".".join(parts[:cut]))
        if top is not None:
            return _below(top, parts[cut:], several=isinstance(form, LISTS))
    return None


def _below(element: Element, parts: Sequence[str], *, several: bool) -> Element | None:
    if not parts:
        return element
    for part in parts[:-1]:
        below = child(element, part)
        if below is None:
            return None
        element = below
    found = [each for each in element if name_of(each) == parts[-1]]
    if not found or not several:
        return found[0] if found else None
    together = Element("val")
    together.extend(found)
    return together


def inside(found: Found) -> Iterator[Reference]:
    """Yield what an object says is in it."""
    for path in _INSIDE.get(found.type, ()):
        top, *rest = path.split(".")
        value = found.values.get(top)
        for part in rest:
            value = None if value is None else child(value, part)
        if value is None:
            continue
        for each in (value,) if value.get("type") else value:
            yield Reference(each.get("type", ""), each.text or "")

"""The forms of properties against the types of the API, as pyVmomi has them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from pyVmomi import VmomiSupport, vim

from collectors.vsphere.kinds.kind import known_to
from collectors.vsphere.kinds.managers import PERMISSION_FIELDS
from collectors.vsphere.kinds.table import KINDS, MANAGERS
from collectors.vsphere.live.forms import Fields, Form, Items, Nested, Options, Plain, Texts

NAMESPACE = "urn:vim25"
ALL = {
    **{name: (kind.type, kind.properties) for name, kind in KINDS.items()},
    **{name: (each.type, (each.property,)) for name, each in MANAGERS.items()},
}


@functools.cache
def everything() -> list[type]:
    """All types of the API."""
    names = [name for name in VmomiSupport._wsdlDefMap if name[0] == NAMESPACE]
    return [VmomiSupport.GetWsdlType(*name) for name in names]


def types_of(declared: type) -> list[type]:
    """A type and those below it: an object may be of any of them."""
    return [declared, *(each for each in everything() if issubclass(each, declared))]


def field_of(declared: Any, name: str) -> Any:
    """The type of a field, of the type itself or of one below it."""
    for each in types_of(declared):
        try:
            return each._GetPropertyInfo(name).type
        except AttributeError:
            continue
    raise AssertionError(f"{declared.__name__} has no field {name}")


def is_right(declared: Any, item: Any, form: Form) -> bool:
    """Whether a form is that of a type of the API; ``item`` is that of the elements of a list."""
    is_list = declared is not item
    is_object = issubclass(item, VmomiSupport.DataObject)
    match form:
        case Options():
            return is_list and issubclass(item, vim.option.OptionValue)
        case Texts():
            return is_list and not is_object
        case Items() | Nested():
            return is_list and is_object
        case Fields():
            return is_object and not is_list
        case Plain():
            return not is_list and PLAIN[form](item)


PLAIN = {
    Plain.BOOL: lambda item: item is bool,
    Plain.NUMBER: lambda item: issubclass(item, int) and item is not bool,
    Plain.TEXT: lambda item: not issubclass(item, (bool, int, VmomiSupport.DataObject)),
}


def wrong(declared: Any, form: Form, path: str) -> Iterator[str]:
    """What of a form is not as the API has it."""
    item = declared.Item if issubclass(declared, VmomiSupport.Array) else declared
    if not is_right(declared, item, form):
        yield f"{path} is {declared}, not {form}"
    elif isinstance(form, Items | Fields | Nested):
        yield from within(item, form.fields, path)


def within(item: Any, fields: Any, path: str) -> Iterator[str]:
    """What of the fields of an object is not as the API has it."""
    for name, form in fields.items():
        if form is not Plain.TYPE:
            yield from wrong(field_of(item, name), form, f"{path}.{name}")


@pytest.mark.parametrize("name", ALL)
def test_properties_are_as_the_api_has_them(name: str) -> None:
    kind, properties = ALL[name]
    found: list[str] = []
    for each in properties:
        declared = VmomiSupport.GetWsdlType(NAMESPACE, kind)
        for part in each.path.split("."):
            declared = field_of(declared, part)
        found += wrong(declared, each.form, each.path)
    assert found == []


def test_permissions_are_as_the_api_has_them() -> None:
    declared = vim.AuthorizationManager.Permission
    assert list(wrong(declared, PERMISSION_FIELDS, "permission")) == []


@pytest.mark.parametrize(
    ("form", "declared"),
    [
        (Plain.BOOL, str),
        (Plain.NUMBER, bool),
        (Plain.TEXT, bool),
        (Texts(), str),
        (Options(), str),
        (Items({}), str),
    ],
)
def test_a_wrong_form_would_be_found(form: Form, declared: Any) -> None:
    assert len(list(wrong(declared, form, "x"))) == 1


def test_newer_properties_are_not_asked_of_older_servers() -> None:
    """A server refuses a call as a whole that names one it does not know."""

    def paths(api: str) -> set[str]:
        return {each.path for each in known_to(api, KINDS["vsphere/VirtualMachine"])}

    assert paths("7.0.1.0") - paths("6.5") == {"config.sevEnabled"}
    assert paths("9.0.0.0") - paths("8.0.3.0") == {"config.sevSnpEnabled", "config.tdxEnabled"}


NUMBERED = {"version12": (6, 7), "version13": (6, 7, 1)}
"""Versions after 6.5 that pyVmomi calls by a number; all before are read from anyhow."""


def since(declared: str) -> tuple[int, ...]:
    """The version that brought something, as a property of ours says it."""
    name = declared.rpartition(".")[2]
    if name.startswith("version"):
        return NUMBERED.get(name, ())
    parts = [int(part) for part in name.removeprefix("v").split("_")]
    while parts[-1] == 0:
        parts.pop()
    return tuple(parts)


@pytest.mark.parametrize("name", ALL)
def test_each_property_is_of_the_version_that_brought_it(name: str) -> None:
    kind, properties = ALL[name]
    wrong_ones = {}
    for each in properties:
        declared: Any = VmomiSupport.GetWsdlType(NAMESPACE, kind)
        newest: tuple[int, ...] = ()
        for part in each.path.split("."):
            found = [one for one in types_of(declared) if hasattr(one, "_GetPropertyInfo")]
            info = next(one._GetPropertyInfo(part) for one in found if part in names_of(one))
            newest = max(newest, since(info.version))
            declared = info.type
        if newest != each.since:
            wrong_ones[each.path] = newest
    assert wrong_ones == {}


def names_of(declared: Any) -> set[str]:
    """The properties that a type has."""
    return {each.name for each in declared._GetPropertyList()}

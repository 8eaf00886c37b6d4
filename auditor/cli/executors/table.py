"""Who reads and judges live targets, by the scheme of ``--executor``: one line each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from auditor.errors import UsageError
from auditor.secrets.uris import shown

if TYPE_CHECKING:
    from auditor.runner.errands import Errands

LOCAL: Final = "local"
_Warn = Callable[[str], None]


@contextlib.contextmanager
def _local(text: str, warn: _Warn) -> Iterator[None]:
    """This machine: threads read, processes judge (``--parallel``, ``--workers``)."""
    del text, warn
    yield None


@contextlib.contextmanager
def _dask(text: str, warn: _Warn) -> Iterator[Errands]:
    from auditor.cli.executors.addresses import parse_address

    address = parse_address(text)
    try:
        from auditor.cli.executors.of_dask import dask_errands
    except ImportError as error:
        raise UsageError(
            f"--executor {address.text}: {error.name} is not installed",
            hint="pip install 'auditor[dask]'",
        ) from error
    if address.is_exposed:
        warn(f"{address.text} is not encrypted: whoever is in between runs code here and there")
    with dask_errands(address, warn) as errands:
        yield errands


EXECUTORS: Final[Mapping[str, Callable[[str, _Warn], AbstractContextManager[Errands | None]]]] = (
    MappingProxyType({LOCAL: _local, "dask": _dask, "dasks": _dask})
)


def executor_of(text: str, warn: _Warn) -> AbstractContextManager[Errands | None]:
    """Open an executor; None is this machine. ``warn`` is told what a person should know.

    Raises:
        UsageError: there is none of this name, or it can't be reached.
    """
    scheme, separator, _ = text.partition("://")
    found = EXECUTORS.get(scheme) if bool(separator) != (scheme == LOCAL) else None
    if found is None:
        raise UsageError(
            f"--executor {'...' if '@' in text else shown(text)}: no executor is called so",
            hint=f"{LOCAL}, dask://HOST:PORT or dasks://HOST:PORT",
        )
    return found(text, warn)

"""Where bundles and reports may be that are in no file system: a line a scheme."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from auditor.config import StorageConfig
from auditor.errors import UsageError
from auditor.stores import Store


def _s3(said: StorageConfig) -> Store:
    if importlib.util.find_spec("obstore") is None:
        raise UsageError(
            "s3:// needs an extra that is not installed", hint="pip install 'auditor[s3]'"
        )
    from auditor.storage.s3 import S3

    return S3(said)


STORES: Final[Mapping[str, Callable[[StorageConfig], Store]]] = MappingProxyType({"s3": _s3})

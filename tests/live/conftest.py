"""The cluster that several files of tests look at, one for each worker process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.engines.apiserver import Binaries
from tests.engines.kubectl import Kubectl
from tests.live import cluster as clusters
from tests.live.cluster import Cluster


@pytest.fixture(scope="session")
def cluster(
    control_plane: Binaries, kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("cluster")
        yield clusters.started(stack, control_plane, folder, kubectl)

"""The cluster, and the empty one, that several files of tests share: one for each process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.engines.apiserver import ApiServer, Binaries, running
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


@pytest.fixture(scope="session")
def plain(control_plane: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A server as any is started here, for tests that ask about all of it.

    They have it one after the other, each ``emptied`` of what it has made.
    """
    with running(control_plane, tmp_path_factory.mktemp("plain") / "server") as server:
        yield server

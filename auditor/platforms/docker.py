"""The kinds of a Docker host, as its Engine API calls them, and what is derived of them.

A container that runs, a service of a swarm and a service of a compose file are one thing to rules:
``docker/Workload``, which says how it is separated from the host and from others.
"""

from __future__ import annotations

from typing import Final

from auditor.platforms.platform import Platform

PREFIX: Final = "docker/"
COMPOSE_SERVICE: Final = "docker/ComposeService"
CONTAINER: Final = "docker/Container"
IMAGE: Final = "docker/Image"
INFO: Final = "docker/Info"
NETWORK: Final = "docker/Network"
PLUGIN: Final = "docker/Plugin"
SERVICE: Final = "docker/Service"
SWARM: Final = "docker/Swarm"
VERSION: Final = "docker/Version"
VOLUME: Final = "docker/Volume"
WORKLOAD: Final = "docker/Workload"

READ: Final = frozenset(
    {CONTAINER, IMAGE, INFO, NETWORK, PLUGIN, SERVICE, SWARM, VERSION, VOLUME},
)
"""What an engine is asked for."""
WRITTEN: Final = frozenset({COMPOSE_SERVICE})
"""What files hold, and no engine gives."""
FACTS: Final = frozenset({WORKLOAD})

DOCKER: Final = Platform(
    name="docker",
    schemes=("docker", "docker+unix", "docker+tls", "docker+ssh"),
    prefix=PREFIX,
    kinds=READ | WRITTEN | FACTS,
    facts=FACTS,
    written=WRITTEN,
    writing="a kind of a Docker host is written docker/Container",
    shorthand="docker:// is the engine of the current context",
)

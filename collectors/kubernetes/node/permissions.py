"""What the script of a node looks at, for who has to allow that it is run."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.errors import UsageError
from auditor.ports import RolePlan
from collectors.kubernetes.node.probes import FLAGS, PROCESSES, VARIABLES, WHOLE, folders, stats

_WIDTH = 100


def role(plan: RolePlan) -> Iterator[str]:
    """Lines that say what is looked at on a node, and what is kept of it.

    Raises:
        UsageError: a node has no namespaces.
    """
    if plan.namespaces:
        raise UsageError("a node has no namespaces", hint="auditor permissions node")
    yield "# What auditor permissions node --script prints looks at on a node, as root:"
    yield "# sudo sh look.sh > NODE.node-probe; auditor scan k8s:// NODE.node-probe"
    yield "#"
    yield "# Owner, mode and type of each path (PATH/** is all below it):"
    yield from (f"#   {path}" for path in stats())
    yield from (f"#   {path}/**" for path in folders())
    yield "# and of the paths that a kubelet, kube-proxy or etcd of the node was told:"
    yield "#   --config, --config-dir, --kubeconfig, --client-ca-file, --pod-manifest-path,"
    yield "#   --data-dir, and staticPodPath and clientCAFile of the kubelet's configuration"
    yield "# Read as well: the kubelet's configuration, name, boot id and machine id of the host,"
    yield "#   the numbers of the account etcd in /etc/passwd"
    yield "# A digest of the certificates in --trusted-ca-file of etcd and --client-ca-file of the"
    yield "#   API server"
    yield f"# Arguments of processes called {', '.join(PROCESSES)}, of the node"
    yield "#   itself and of static pods. The values of these flags, of all others only the names:"
    yield from _wrapped(FLAGS)
    yield f"# Whether {', '.join(WHOLE)} runs. Of the environment of etcd:"
    yield from _wrapped(VARIABLES)


def _wrapped(words: tuple[str, ...]) -> Iterator[str]:
    line = "#  "
    for word in sorted(set(words)):
        if len(line) + len(word) >= _WIDTH:
            yield line
            line = "#  "
        line += f" {word}"
    yield line

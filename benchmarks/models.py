"""What most programs do: list all pods by the models of the ``kubernetes`` package.

python -m benchmarks.models KUBECONFIG
"""

from __future__ import annotations

import sys

from kubernetes import client, config


def main(kubeconfig: str) -> None:
    """List, and keep nothing."""
    config.load_kube_config(kubeconfig)
    api = client.CoreV1Api()
    token, count = None, 0
    while True:
        found = api.list_pod_for_all_namespaces(limit=500, _continue=token)
        count += len(found.items)
        token = found.metadata._continue  # noqa: SLF001 - the field's name there
        if not token:
            break
    print(count)


if __name__ == "__main__":
    main(sys.argv[1])

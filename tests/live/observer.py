"""Everything that a scheduler of Dask and its workers hold and have logged, on standard output.

A program of its own: a client of Dask starts threads. ``--plant TEXT`` has the workers do a task
that holds the text plainly, to see that it would be seen.
"""

from __future__ import annotations

import sys
from typing import Any

import cloudpickle
from distributed import Client, Security

Texts = list[str | bytes]


def scheduler(dask_scheduler: Any = None) -> Texts:
    """What the scheduler knows of tasks, with what it hands out and what it remembers."""
    found: Texts = []
    for name, task in dask_scheduler.tasks.items():
        found += [repr(name), repr(task), repr(task.group), repr(task.prefix)]
        found += [cloudpickle.dumps(task.run_spec), repr(task.run_spec), repr(task.annotations)]
        found += [repr(task.exception_text), repr(task.traceback_text), repr(task.metadata)]
    found += [repr(dask_scheduler.transition_log), repr(dask_scheduler.task_metadata)]
    found += [repr(dask_scheduler.get_events()), repr(dask_scheduler.computations)]
    found += [repr(dask_scheduler.extensions), repr(dask_scheduler.get_logs())]
    found += [repr(dask_scheduler.task_prefixes), repr(dask_scheduler.task_groups)]
    return found


def worker(dask_worker: Any = None) -> Texts:
    """What a worker knows of tasks, their results and its log."""
    state = dask_worker.state
    found: Texts = [repr(state.log), repr(state.stimulus_log), repr(dask_worker.get_logs())]
    for name, task in state.tasks.items():
        found += [repr(name), repr(task), repr(task.run_spec), cloudpickle.dumps(task.run_spec)]
        found += [repr(task.exception_text), repr(task.annotations)]
    found += [cloudpickle.dumps(dask_worker.data.get(name)) for name in list(dask_worker.data)]
    return found


def planted(text: str) -> str:
    """A task with a plain argument."""
    return text


def main(address: str, *plant: str) -> int:
    """Print it all."""
    tls = dict(zip(("tls_ca_file", "tls_client_cert", "tls_client_key"), plant[1:], strict=False))
    with Client(address, security=Security(**tls), set_as_default=False, timeout=20) as client:
        future = client.submit(planted, plant[0], pure=False) if plant and plant[0] else None
        if future is not None:
            future.result(20)
        found = client.run_on_scheduler(scheduler)
        found += [text for texts in client.run(worker).values() for text in texts]
        found += [repr(client.get_events()), repr(client.get_worker_logs())]
        found += [repr(client.get_scheduler_logs()), repr(client.scheduler_info())]
        keys = client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks))
        found += [repr(client.story(*keys))]
    for text in found:
        sys.stdout.buffer.write(text if isinstance(text, bytes) else text.encode())
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.write(f"tasks now: {sorted(keys)}\n".encode())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))

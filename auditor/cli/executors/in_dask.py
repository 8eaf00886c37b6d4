"""An errand as a task of a worker of Dask: what it may raise and log is nothing of the errand."""

from __future__ import annotations

from pathlib import Path

from distributed import get_worker
from distributed.worker import thread_state

from auditor.cli.executors.about import key_of
from auditor.cli.executors.sealing import NotOursError
from auditor.cli.executors.working import OtherPoliciesError, work
from auditor.runner.gather import Stopped


def done(sealed: bytes, run: str) -> tuple[str, bytes]:
    """Do an errand: "" and the sealed answer; or what went wrong, in words without any of it."""
    worker, key = get_worker(), str(thread_state.key)

    def go_on() -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state != "executing":
            raise Stopped

    place = str(Path(worker.local_directory).absolute())
    try:
        return "", work(sealed, key_of(run), place, go_on)
    except Stopped:
        return "was told to stop", b""
    except NotOursError:
        return "was started anew", b""
    except OtherPoliciesError:
        return "has other policies", b""
    except OSError as error:
        return f"can't do it: {error.strerror or type(error).__name__}", b""
    except Exception as error:  # noqa: BLE001 - a text of an error may hold what was read
        return f"failed by a bug of auditor: {type(error).__name__}", b""

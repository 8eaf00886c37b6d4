#!/usr/bin/env bash
# Dask distributed, 2026.8.0: Client.get_executor() cancels calls that run, and they go on.
#
# get_executor gives "a concurrent.futures Executor". Of such a one the standard library says:
# running() is true while a call is being executed, and cancel() returns False then, since it can't be
# taken back. So who cancels what is left and gets True knows that it was not, and will not be, done:
#
#                                       running()   cancel()   the call went on to its end
#     ThreadPoolExecutor, a call runs   True        False      yes
#     get_executor(), a call runs       False       True       yes
#
# Code that takes True for "never ran" (and does it again elsewhere, or gives a lock back) does the
# work twice, or beside whoever has the lock now.
#
# Needs Python and its package registry. Ends with 0 while both behave as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check distributed==2026.8.0

cat >"$folder/shown.py" <<'PY'
import concurrent.futures
import pathlib
import sys
import tempfile
import time

from distributed import Client


def call(folder):
    (folder / "begun").touch()
    while not (folder / "go").exists():
        time.sleep(0.01)
    (folder / "done").touch()


def there(path):
    for _ in range(3000):
        if path.exists():
            return True
        time.sleep(0.01)
    return False


def told(executor):
    folder = pathlib.Path(tempfile.mkdtemp(dir=sys.argv[1]))
    future = executor.submit(call, folder)
    assert there(folder / "begun")
    running, cancelled = future.running(), future.cancel()
    (folder / "go").touch()
    return running, cancelled, there(folder / "done")


if __name__ == "__main__":
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        print("threads", *told(executor))
    with Client(n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        with client.get_executor() as executor:
            print("dask", *told(executor))
PY

found=$(cd "$folder" && "$folder/venv/bin/python" shown.py "$folder")
echo "$found"
[ "$found" = "threads True False True
dask False True True" ]

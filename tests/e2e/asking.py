"""The command line as a shell starts it, forked from a warm process: see :mod:`tests.e2e.forks`.

Run as a script by an interpreter that imports nothing else, with the socket of that process in the
variable ``FORKS``. Streams, folder and environment are those of the shell.
"""

import json
import os
import signal
import socket
import sys


def main() -> int:
    """Have the command run, and end as it ended."""
    env = dict(os.environ)
    control = socket.socket(fileno=int(env.pop("FORKS")))
    told, theirs = socket.socketpair()
    with told, theirs:
        socket.send_fds(control, [b"."], [theirs.fileno(), 0, 1, 2])
        command = {
            "arguments": sys.argv[1:],
            "cwd": os.getcwd(),  # noqa: PTH109 - pathlib takes longer than all else here
            "env": env,
            "session": False,
            "umask": os.umask(0),
            "ignored": [],
            "blocked": [],
            "module": "auditor",
        }
        told.sendall(json.dumps(command).encode() + b"\n")
        theirs.close()
        for line in told.makefile():
            state, number = line.split()
            if state == "ended":
                return _as(int(number))
    return 70


def _as(code: int) -> int:
    """The exit code; what ended by a signal takes this one along."""
    if code < 0:
        os.kill(os.getpid(), -code)
        signal.pause()
    return code


if __name__ == "__main__":
    sys.exit(main())

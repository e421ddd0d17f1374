"""Orphans: a process beside a server that ends it once whoever began it is gone, also by SIGKILL.

It is run as a file, `python -I orphans.py PARENT SERVER FOLDER`, and imports nothing of ours.
"""

import os
import shutil
import signal
import sys
import time

LOOK_SECONDS = 0.2
END_SECONDS = 20.0


def is_there(pid: int) -> bool:
    """Tell whether a process has not ended yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def end(pid: int, *, seconds: float = END_SECONDS) -> None:
    """Interrupt a process, and kill it if it has not ended by then."""
    until = time.monotonic() + seconds
    try:
        os.kill(pid, signal.SIGINT)
        while is_there(pid) and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def watch(parent: int, server: int, folder: str) -> None:
    """Wait until the parent of this process is gone, then end the server and remove its folder."""
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    end(server)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    watch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])

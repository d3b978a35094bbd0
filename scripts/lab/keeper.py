"""Run one command that must not outlive the process that ordered it.

Standard input is a pipe whose other end the ordering process holds: at its end, whether that process closed
it, left or was killed, the command's process group gets the stop signal, after a grace period SIGKILL, and
the given folder is removed. (The kernel's parent-death signal would not do: it is lost when a program changes
its user, as Asterisk does.)
"""

import argparse
import contextlib
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--signal", type=int, default=signal.SIGTERM)
    parser.add_argument("--grace-s", type=float, default=5.0)
    parser.add_argument("--remove", help="folder to remove once the command has ended")
    parser.add_argument("--user", help="run the command as this user")
    parser.add_argument("command", nargs="+")
    wanted = parser.parse_args()
    # The terminal's Ctrl-C is for the ordering process, which then closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def restore() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    child = subprocess.Popen(
        wanted.command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=restore,
        user=wanted.user,
        group=pwd.getpwnam(wanted.user).pw_gid if wanted.user else None,
        extra_groups=[] if wanted.user else None,
    )
    try:
        select.select([sys.stdin, os.pidfd_open(child.pid)], [], [])
        if child.poll() is None:
            signal_group(child.pid, wanted.signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(wanted.grace_s)
        signal_group(child.pid, signal.SIGKILL)
        return child.wait()
    finally:
        if wanted.remove:
            shutil.rmtree(wanted.remove, ignore_errors=True)


def signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main())

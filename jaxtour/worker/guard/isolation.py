"""A PID namespace for a runner: its processes cannot see or signal any outside, and none of them outlives the runner.

Three processes stand in for one. The guard forks the first, which stays outside and ends the way the runner ends. The
second is the namespace's init: it adopts and reaps orphans, and when it ends, the kernel kills everything left inside.
The third is the runner. See pid_namespaces(7) and user_namespaces(7).
"""

import contextlib
import ctypes
import errno
import os
import select
import signal
import sys
from pathlib import Path
from typing import NoReturn

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
MS_PROC = 2 | 4 | 8
"""MS_NOSUID, MS_NODEV, MS_NOEXEC: as /proc is mounted everywhere."""
MS_REC, MS_SLAVE = 1 << 14, 1 << 19
PR_SET_PDEATHSIG = 1
OUTER = "--outer"
"""The runner's option that names a descriptor of the outer `/`, to see who holds the devices."""

_FORBIDDEN = "the kernel or a container forbids user namespaces"
_REASONS = {
    errno.ENOSPC: "a sysctl user.max_*_namespaces is too low",
    errno.EPERM: _FORBIDDEN,
    errno.EACCES: _FORBIDDEN,
}
"""The kernel's words for these are about disks and files: unshare(2)."""

_libc = ctypes.CDLL(None, use_errno=True)


def refused() -> str:
    """Return why this machine allows no such namespace, by trying in a separate process; empty if it does."""
    if sys.platform != "linux":
        return "only Linux has PID namespaces"
    if (pid := os.fork()) == 0:
        try:
            enter()
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return _REASONS.get(code, os.strerror(code)) if code else ""


def enter() -> None:
    """Return in a new process inside a new namespace; the caller stays outside and ends the way that process ends.

    Raises `OSError` where that is not allowed. The caller must be a forked, single-threaded process.
    """
    _unshare()
    read, write = os.pipe()
    signal.set_wakeup_fd(-1)
    # These belong to the runner, which shares the process group; the others must survive to report how it ended.
    numbers = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if init := os.fork():
        _stay_outside(read, init)
    os.close(read)
    _become_init(write)
    if runner := os.fork():
        _keep_only(write)
        while (ended := os.wait())[0] != runner:
            pass
        os.write(write, ended[1].to_bytes(4, "little"))
        os._exit(0)
    os.close(write)
    for number in numbers:
        signal.signal(number, signal.SIG_DFL)


def _unshare() -> None:
    # Root needs no user namespace; inside one, it could not lock memory for a TPU.
    if _libc.unshare(CLONE_NEWNS | CLONE_NEWPID) == 0:
        return
    user, group = os.geteuid(), os.getegid()
    _checked(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _become_init(write: int) -> None:
    """End with the process outside, and mount this namespace's /proc; later mounts of the machine still appear."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    poll = select.poll()
    poll.register(write, 0)
    if poll.poll(0):
        os._exit(1)  # it ended before we could request its signal
    try:
        _checked(_libc.mount(b"none", b"/", None, MS_REC | MS_SLAVE, None))
        _checked(_libc.mount(b"proc", b"/proc", b"proc", MS_PROC, None))
    except OSError as error:
        os._exit(error.errno or 1)


def _stay_outside(read: int, init: int) -> NoReturn:
    """Wait until the namespace is empty, and end the way the runner did."""
    _keep_only(read)
    told = os.read(read, 4)
    _, status = os.waitpid(init, 0)
    code = os.waitstatus_to_exitcode(int.from_bytes(told, "little") if told else status)
    if code < 0:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)


def _keep_only(descriptor: int) -> None:
    """Close all other descriptors, so that a pipe's end of file depends on the runner alone."""
    os.closerange(0, descriptor)
    os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

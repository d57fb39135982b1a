"""The machine's accelerators as the kernel shows them, without jax: which exist, and which processes hold them.

All paths are read below a root, so that tests can use a simulated `/sys`, `/proc`, `/dev` and `/tmp`.
"""

import os
import pwd
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

LOCK = "/tmp/libtpu_lockfile"
_GOOGLE, _NVIDIA = "0x1ae0", "0x10de"
_TPU_KINDS = {
    "0x0027": "TPU v3",  # or v2
    "0x0056": "TPU",
    "0x005e": "TPU v4",
    "0x0062": "TPU v5p",
    "0x0063": "TPU v5e",
    "0x006f": "TPU v6e",
    "0x0076": "TPU7x",
}
_TPU_FILE = re.compile(r"/dev/(?:accel|vfio/)(\d+)$")
_NVIDIA_FILES = ("dev/nvidia0", "dev/nvidiactl", "dev/dxg")
"""A card, a container's control file, and WSL's device: the files of JAX's `jax/_src/hardware_utils.py`."""
_DRIVER = re.compile(r"\b(\d{3,}\.\d+(?:\.\d+)*)\b")
_COMMAND_CAP = 60


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds an accelerator open."""

    pid: int
    command: str = ""
    user: str = ""
    """The user's name, if it is another user."""
    seconds: float | None = None
    """Seconds since it started."""

    def __str__(self) -> str:
        told = [self.command and f"`{self.command}`", self.user and f"of {self.user}"]
        if self.seconds is not None:
            told.append(f"started {ago(self.seconds)} ago")
        told = [text for text in told if text]
        return f"process {self.pid}" + (f" ({', '.join(told)})" if told else "")


def ago(seconds: float) -> str:
    """Return a rounded duration: `40 s`, `12 min`, `3 h`, `2 days`."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def tpu_chips(root: Path) -> list[str]:
    """Return the kind of each TPU chip on the PCI bus."""
    found = (_text(device / "device") for device in _pci(root, _GOOGLE))
    return [_TPU_KINDS[number] for number in found if number in _TPU_KINDS]


def tpu_files(root: Path) -> list[str]:
    """Return the device files of TPU chips, in the order of the chips."""
    listed = [f"/dev/{path.name}" for path in _entries(root / "dev")]
    listed += [f"/dev/vfio/{path.name}" for path in _entries(root / "dev/vfio")]
    numbers = {name: int(match[1]) for name in listed if (match := _TPU_FILE.match(name))}
    return sorted(numbers, key=numbers.__getitem__)


def nvidia_usable(root: Path) -> bool:
    """Return whether a program can reach an NVIDIA GPU; the same check as JAX's."""
    return any((root / name).exists() for name in _NVIDIA_FILES)


def nvidia_cards(root: Path) -> int:
    """Return the number of NVIDIA GPUs on the PCI bus."""
    return sum(_text(device / "class").startswith("0x03") for device in _pci(root, _NVIDIA))


def nvidia_driver(root: Path = Path("/")) -> str:
    """Return the version of the NVIDIA driver, or empty."""
    found = _DRIVER.search(_text(root / "proc/driver/nvidia/version"))
    return found[1] if found else ""


def amd_usable(root: Path) -> bool:
    """Return whether a program can reach an AMD GPU for computing."""
    return (root / "dev/kfd").exists()


def hugepages(root: Path) -> str:
    """Return the kernel's huge page mode: `always`, `madvise`, `never`, or empty if unknown."""
    found = re.search(r"\[(\w+)\]", _text(root / "sys/kernel/mm/transparent_hugepage/enabled"))
    return found[1] if found else ""


def holders(root: Path, files: Sequence[str]) -> list[Holder]:
    """Return the processes other than this one that have one of these files open, as far as permissions allow."""
    wanted = set(files)
    open_in = (
        int(process.name)
        for process in _processes(root)
        if any(_target(link) in wanted for link in _entries(process / "fd"))
    )
    return [_holder(root, pid) for pid in sorted(open_in) if pid != os.getpid()]


def lock_holder(root: Path) -> Holder | None:
    """Return the process that has locked libtpu's lock file; /proc/locks shows other users' processes too."""
    try:
        file = (root / LOCK.lstrip("/")).stat()
    except OSError:
        return None
    where = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    for line in _text(root / "proc/locks").splitlines():
        words = line.split()
        # `1: POSIX ADVISORY WRITE 4321 08:01:131090 0 EOF`; with `->` for a process that waits.
        if "->" not in words and where in words[5:6] and words[4].isdigit():
            return _holder(root, int(words[4]))
    return None


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file of libtpu that no process has locked."""

    owner: str
    ours: bool
    """Whether libtpu could lock it for us."""


def stale_lock(root: Path) -> Lock | None:
    """Return the lock file of a killed process, if the kernel shows that no process has locked it.

    libtpu then refuses to start: https://github.com/jax-ml/jax/issues/10192
    """
    path = root / LOCK.lstrip("/")
    try:
        file = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(file.st_mode) or not (root / "proc/locks").exists() or lock_holder(root):
        return None
    return Lock(_user(file.st_uid), os.access(path, os.R_OK | os.W_OK))


def _holder(root: Path, pid: int) -> Holder:
    process = root / "proc" / str(pid)
    command = " ".join(_text(process / "cmdline").split("\0")).strip() or _text(process / "comm")
    if len(command) > _COMMAND_CAP:
        command = command[: _COMMAND_CAP - 1] + "…"
    try:
        uid = process.stat().st_uid
    except OSError:  # it has exited
        uid = os.getuid()
    return Holder(pid, command, "" if uid == os.getuid() else _user(uid), _age(root, process))


def _age(root: Path, process: Path) -> float | None:
    try:
        ticks = int(_text(process / "stat").rpartition(")")[2].split()[19])
        return float(_text(root / "proc/uptime").split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
    except (ValueError, IndexError):
        return None


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _pci(root: Path, vendor: str) -> Iterable[Path]:
    return (device for device in _entries(root / "sys/bus/pci/devices") if _text(device / "vendor") == vendor)


def _processes(root: Path) -> Iterable[Path]:
    return (entry for entry in _entries(root / "proc") if entry.name.isdigit())


def _entries(folder: Path) -> list[Path]:
    """Return the entries of a folder; empty if it does not exist or cannot be read."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""

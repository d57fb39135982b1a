"""Starts a guard on another machine: a prefix such as `ssh -T tpu-vm` runs a shell there, which reads the rest.

The shell is the single word `sh`, which ssh, docker, kubectl, srun and gcloud all pass on unchanged, whether they take
a command as words or as text for another shell. It reads one line from stdin: Python with `worker/start_remote.py` as
its code. That answers with the guard's preamble, or requests the worker's files first. We send nothing before the
answer, since some shells read ahead.
"""

import functools
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

import jaxtour
from jaxtour.engine.guards.connection import EngineError
from jaxtour.engine.wire.messages import Figure
from jaxtour.text import Raw

ASK = b"\njaxtour-send-1\n"
"""Requests the worker's files."""
HELLO_S = 60.0
"""gcloud takes ten seconds to connect, and a machine that wakes up takes longer."""
IDLE_S = 50
"""A guard that hears nothing for this long ends everything on its machine."""
PLACE = "{}"
"""Where the command goes in a prefix; without it, the command goes to the end."""
_SSH = ("-o", "BatchMode=yes")
"""The ssh options: it must not ask on the terminal, which shows the tour."""
REMEDIES = (
    (r"host key verification failed|remote host identification has changed",
     "connect once by hand, without -o BatchMode, to check its key"),
    (r"permission denied|too many authentication failures|no supported authentication",
     "give it a key that needs no password (ssh-add, ssh-copy-id), and try the command by hand"),
    (r"python\S*: (command )?not found|no such file or directory: .*python|exec: .*: not found",
     "name the Python there that has jax by --python"),
    (r"^Python \d\.\d+ \(.*is too old|future feature annotations", "name another one there by --python"),
    (r"could not resolve|connection (refused|timed out)|no route to host|operation timed out",
     "try the command by hand"),
)  # fmt: skip
"""Remedies, by what a line of stderr says."""


class Start(msgspec.Struct, frozen=True):
    """How to start a guard on another machine."""

    command: tuple[str, ...]
    """The command that runs a shell there."""
    python: str | None = None
    """The Python there, for the guard and its runners; None means `python3`."""

    @property
    def line(self) -> bytes:
        """The line that the shell reads."""
        import base64  # these are not needed for the app's first frame
        import zlib

        wanted, data = archive()
        code = (_worker() / "start_remote.py").read_bytes()
        packed = base64.b64encode(zlib.compress(code, 9)).decode()
        run = f"-I -S -c 'import base64,zlib;exec(zlib.decompress(base64.b64decode(\"{packed}\")))'"
        return f"{_python(self.python)} {run} {wanted} {len(data)} {IDLE_S}\n".encode()


def remote_command(prefix: str, python: str | None = None) -> Start:
    """Return how a guard starts behind a prefix, where `{}` may mark the command's place; raises `EngineError`."""
    import shlex

    try:
        words = shlex.split(prefix)
    except ValueError as error:
        raise EngineError(f"--worker {prefix}: {error}: quote it as for a shell") from None
    if not words:
        raise EngineError("--worker is empty: name a prefix that runs a command there, as in --worker 'ssh -T tpu-vm'")
    if Path(words[0]).name == "ssh":
        words[1:1] = _SSH
    if any(PLACE in word for word in words):
        return Start(tuple(word.replace(PLACE, "sh") for word in words), python)
    return Start((*words, "sh"), python)


@functools.cache
def archive() -> tuple[str, bytes]:
    """Return the digest of the worker's files, and the compressed files."""
    import hashlib
    import json
    import zlib

    files = {
        f"worker/{path.relative_to(_worker())}": path.read_text("utf-8") for path in sorted(_worker().rglob("*.py"))
    }
    files["__init__.py"] = f'__version__ = "{jaxtour.__version__}"\n'
    text = json.dumps(files, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest(), zlib.compress(text, 9)


class Pictures:
    """The figures of a worker on another machine, as local files until `close`."""

    def __init__(self) -> None:
        self._folder: TemporaryDirectory[str] | None = None

    def here(self, figure: Figure, host: str) -> Figure:
        """Return the figure with a file on this machine, or else with its place on that host."""
        import binascii

        name = Path(figure.path.text).name
        if figure.data and name:
            try:
                self._folder = self._folder or TemporaryDirectory(prefix="jaxtour-figures-")
                path = Path(self._folder.name, name)
                path.write_bytes(binascii.a2b_base64(figure.data))
                return msgspec.structs.replace(figure, path=Raw(str(path)), data="")
            except (OSError, ValueError):
                pass  # it stays there
        return msgspec.structs.replace(figure, path=Raw(f"{host}:{figure.path.text}"), data="")

    def close(self) -> None:
        """Remove the files."""
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()


def remedy(stderr: str) -> tuple[str, str]:
    """Return the most telling line of stderr, and its remedy; both are empty without a line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for pattern, words in REMEDIES:
        for line in lines:
            if re.search(pattern, line, re.IGNORECASE):
                return line, words
    return (lines[-1] if lines else ""), ""


def _worker() -> Path:
    return Path(jaxtour.__file__).parent / "worker"


def _python(named: str | None) -> str:
    """Return the sh words that become this Python; an environment's folder stands for the Python in it."""
    import shlex

    if not named:
        return "exec python3"
    home, slash, rest = named.partition("/")
    word = f"{home}/{shlex.quote(rest)}" if slash and re.fullmatch(r"~\w*", home) else shlex.quote(named)
    return f'p={word}; if [ -d "$p" ]; then p="$p/bin/python"; fi; exec "$p"'

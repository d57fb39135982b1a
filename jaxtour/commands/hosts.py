"""`--hosts`: finds the machines that run one process each, from a file or from this machine's TPU slice."""

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from jaxtour.course.model import CourseError

SLICE = "tpu"
"""The word that stands, instead of a file, for all hosts of this machine's TPU slice."""
MOST = 64
_HOST = re.compile(r"(?:[\w.-]+@)?\w[\w.-]*")
"""A host's name: not an ssh option, and free of characters that a shell interprets."""
_SERVER, _ENDPOINTS = "169.254.169.254", "/computeMetadata/v1/instance/attributes/worker-network-endpoints"
_PATIENCE_S = 0.5


def hosts_of(named: str) -> tuple[str, ...]:
    """Return the hosts in a file, one per line, or of the slice; raises `CourseError`."""
    path = Path(named).expanduser()
    if named == SLICE and not path.exists():
        return _slice(os.environ)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CourseError(f"--hosts {named}: {why}: name a file with one host per line") from None
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        host = line.partition("#")[0].strip()
        if host and not _HOST.fullmatch(host):
            raise CourseError(f"{named}:{number}: {host!r} is not a host: write one per line, such as user@tpu-vm-0")
        found += [host] if host else []
    if not 0 < len(found) <= MOST:
        raise CourseError(f"--hosts {named}: {len(found) or 'no'} hosts in it: name 1 to {MOST}, one per line")
    return tuple(found)


def _slice(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hosts of the slice, in the order of their numbers, which JAX's processes share.

    `GCE_METADATA_IP` names another metadata server, as it does for jax.
    """
    import http.client  # 20 ms, which a list from a file does not cost

    told = [host.strip() for host in environ.get("TPU_WORKER_HOSTNAMES", "").split(",") if host.strip()]
    # An invalid address raises ValueError.
    with (
        contextlib.suppress(OSError, http.client.HTTPException, ValueError),
        contextlib.closing(
            http.client.HTTPConnection(environ.get("GCE_METADATA_IP") or _SERVER, timeout=_PATIENCE_S)
        ) as server,
    ):
        if not told:
            server.request("GET", _ENDPOINTS, headers={"Metadata-Flavor": "Google"})
            answer = server.getresponse()
            text = answer.read(65536).decode("ascii") if answer.status == http.client.OK else ""
            # `unknown:unknown:10.164.0.2`, as `jax/_src/clusters/cloud_tpu_cluster.py` reads it.
            told = [endpoint.split(":")[2] for endpoint in text.split(",") if endpoint.count(":") >= 2]
    if not told or not all(map(_HOST.fullmatch, told)):
        raise CourseError(
            "--hosts tpu: nothing says that this machine belongs to a TPU slice: name a file with its hosts"
        )
    return tuple(told)

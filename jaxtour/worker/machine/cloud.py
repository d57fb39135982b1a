"""Google Cloud's metadata about this machine, from a link-local address that only their machines answer at."""

import contextlib
import http.client
from collections.abc import Mapping

PATIENCE_S = 0.5
"""The time-out: the metadata server answers in milliseconds, elsewhere nothing answers."""
_SERVER = "169.254.169.254"
_ENDPOINTS = "/computeMetadata/v1/instance/attributes/worker-network-endpoints"


def slice_hosts(environ: Mapping[str, str]) -> int:
    """How many hosts this machine's TPU slice has; 0 if unknown.

    `GCE_METADATA_IP` names another server, as it does for jax. Proxies are not used.
    """
    address = environ.get("GCE_METADATA_IP") or _SERVER
    # An invalid address raises ValueError.
    with (
        contextlib.suppress(OSError, http.client.HTTPException, ValueError),
        contextlib.closing(http.client.HTTPConnection(address, timeout=PATIENCE_S)) as server,
    ):
        server.request("GET", _ENDPOINTS, headers={"Metadata-Flavor": "Google"})
        answer = server.getresponse()
        told = answer.read(65536).decode("ascii")
        return len([host for host in told.split(",") if host.strip()]) if answer.status == http.client.OK else 0
    return 0

"""The events of the wire that tell of the machine: its devices, its host, and what was found amiss."""

import msgspec


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One device as jax lists it."""

    id: int
    platform: str
    kind: str
    process: int = 0
    local: bool = True
    """Whether it is this process's; of others, no more is known than this."""
    coords: tuple[int, ...] | None = None
    """Where its chip lies in the grid of TPUs: x, y, z."""
    core: int | None = None
    """Which of its chip's cores it is."""
    simulated: bool = False
    memory: dict[str, int] | None = None
    """`bytes_in_use`, `bytes_limit`, `peak_bytes_in_use` where the device tells them."""
    live_arrays: int = 0
    """How many arrays have a part on it."""
    live_bytes: int = 0
    """How large those parts are."""
    utilization: float | None = None
    """Percent of the last second or so that it was busy, where the machine tells."""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The machine that the runner is on."""

    cpu: str
    cores: int
    memory_bytes: int
    load: float | None = None
    """How many programs wanted a core, on average over the last minute."""
    used_bytes: int | None = None
    """How much of the memory is taken, by whatever program."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something about the machine's accelerators that the learner is to know."""

    code: str
    """`one host`, `no libtpu`, `no cuda plugin`, `no gpu files`, `no chip files`, `huge pages`, `cpu only`."""
    message: str
    remedy: str = ""
    """What to do, as it is typed where it is a command."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="facts"):
    """What the runner found when it was ready, and again when it changed, at most once a second."""

    python: str
    jax: str
    jaxlib: str
    numpy: str
    libtpu: str = ""
    driver: str = ""
    """NVIDIA's."""
    backend: str = ""
    """What the runtime of the default platform calls itself, in one line."""
    platforms: tuple[str, ...]
    """The default platform first: `("gpu", "cpu")`."""
    simulated: bool
    devices: tuple[Device, ...]
    """The default platform's first, by id."""
    default_device: str = ""
    """`cpu:0`, on which code runs that names none."""
    process: int = 0
    processes: int = 1
    host: Host
    flags: dict[str, str] = {}
    """What is not at its default: `x64`, `matmul precision`, `simulated`, `preallocation`."""
    live_arrays: int = 0
    live_bytes: int = 0
    findings: tuple[Finding, ...] = ()

"""The wire's types for the machine: devices, host, and findings about accelerators."""

import msgspec


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device as jax lists it."""

    id: int
    platform: str
    kind: str
    process: int = 0
    local: bool = True
    """Whether it belongs to this process; nothing more is known about others."""
    coords: tuple[int, ...] | None = None
    """The chip's place in the grid of TPUs: x, y, z."""
    core: int | None = None
    """Its number among the chip's cores."""
    simulated: bool = False
    memory: dict[str, int] | None = None
    """`bytes_in_use`, `bytes_limit`, `peak_bytes_in_use`, if the device reports them."""
    live_arrays: int = 0
    """The number of arrays with a part on it."""
    live_bytes: int = 0
    """The size of those parts."""
    utilization: float | None = None
    """Percent of about the last second that it was busy; None if unknown."""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The machine of the runner."""

    cpu: str
    cores: int
    memory_bytes: int
    load: float | None = None
    """The average number of programs that wanted a core, over the last minute."""
    used_bytes: int | None = None
    """The memory in use by all programs."""
    name: str = ""
    """Its name, if it is not this machine."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A problem with the machine's accelerators."""

    code: str
    """`one host`, `no libtpu`, `no cuda plugin`, `no gpu files`, `no chip files`, `huge pages`, `cpu only`."""
    message: str
    remedy: str = ""
    """What to do: a sentence, or a command to type."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="facts"):
    """The runner's environment, sent when it is ready and on changes, at most once a second."""

    python: str
    jax: str
    jaxlib: str
    numpy: str
    libtpu: str = ""
    driver: str = ""
    """The version of NVIDIA's driver."""
    backend: str = ""
    """The version of the default platform's runtime, in one line."""
    platforms: tuple[str, ...]
    """The default platform first: `("gpu", "cpu")`."""
    simulated: bool
    devices: tuple[Device, ...]
    """The default platform's first, by id."""
    default_device: str = ""
    """The device of code that names none: `cpu:0`."""
    process: int = 0
    processes: int = 1
    gathered: bool = False
    """Whether they cover all processes, each with its own devices; the rest comes from the first one."""
    host: Host
    flags: dict[str, str] = {}
    """Settings that differ from their defaults: `x64`, `matmul precision`, `simulated`, `preallocation`."""
    live_arrays: int = 0
    live_bytes: int = 0
    findings: tuple[Finding, ...] = ()

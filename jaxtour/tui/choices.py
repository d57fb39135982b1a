"""Lists the learner's choices of devices: the default one, how many to simulate, the platform."""

import msgspec

from jaxtour.engine.session import WorkerConfig
from jaxtour.engine.wire.messages import Facts
from jaxtour.text import plural

SIMULATED = (1, 2, 4, 8)
PLATFORMS = ("cpu", "gpu", "tpu")


class DeviceChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One choice, with the worker configuration that it leads to."""

    group: str
    words: str
    platform: str | None = None
    devices: int | None = None
    device: int | None = None
    wait: bool = False
    """Whether to wait for an accelerator that another process holds."""
    here: bool = False
    """Whether it is the current one."""
    note: str = ""
    """A reason against it."""
    outcome: str = ""
    """What the worker would run on."""


def choices(
    facts: Facts | None, config: WorkerConfig, simulating: int | None, needed: int, *, dead: bool = False
) -> list[DeviceChoice]:
    """Return all choices; `needed` is how many devices the step needs. Without a worker none is the current one."""
    if dead:
        found = [*_platforms(None, config), *_simulated(config, simulating, needed)]
        return [msgspec.structs.replace(choice, here=False) for choice in found]
    return [*_default(facts, config, simulating), *_simulated(config, simulating, needed), *_platforms(facts, config)]


def _default(facts: Facts | None, config: WorkerConfig, simulating: int | None) -> list[DeviceChoice]:
    """Return the devices of the default platform; the first one is jax's own choice."""
    if facts is None or not facts.devices:
        return []
    platform = facts.platforms[0] if facts.platforms else facts.devices[0].platform
    own = [device for device in facts.devices if device.platform == platform and device.local]
    found = []
    for place, device in enumerate(own):
        name = f"{platform}:{device.id}"
        found.append(
            DeviceChoice(
                group="steps run on",
                words=name,
                platform="cpu" if simulating else config.platform,
                devices=simulating,
                device=device.id if place else None,
                here=facts.default_device == name if facts.default_device else not place,
                outcome=name,
            )
        )
    return found


def _simulated(config: WorkerConfig, simulating: int | None, needed: int) -> list[DeviceChoice]:
    # A command line with simulated devices names no other platform.
    platform = config.platform if config.devices is None else None
    words, own = "nothing: use the real devices", f"the machine's own {platform or 'devices'}"
    found = [DeviceChoice(group="simulate", words=words, platform=platform, here=simulating is None, outcome=own)]
    for count in SIMULATED:
        what = plural(count, "CPU device")
        found.append(
            DeviceChoice(
                group="simulate",
                words=what,
                platform="cpu",
                devices=count,
                here=simulating == count,
                note=f"this step still gets the {needed} that it needs" if count < needed else "",
                outcome=f"{what}, simulated",
            )
        )
    return found


def _platforms(facts: Facts | None, config: WorkerConfig) -> list[DeviceChoice]:
    seen = facts.platforms if facts else ()
    words, outcome = "as jax chooses", "the platform that jax chooses"
    found = [DeviceChoice(group="platform", words=words, here=config.platform is None, outcome=outcome)]
    for name in PLATFORMS:
        note = "not seen here" if config.platform is None and seen and name not in seen else ""
        here = config.platform == name
        found.append(DeviceChoice(group="platform", words=name, platform=name, here=here, note=note, outcome=name))
    return found


def the_cpu() -> DeviceChoice:
    """Return the CPU, in place of an accelerator."""
    return DeviceChoice(group="platform", words="cpu", platform="cpu", outcome="the CPU")


def when_free(config: WorkerConfig) -> DeviceChoice:
    """Return the configured accelerator, as soon as no other process holds it."""
    return DeviceChoice(
        group="wait",
        words="until it is free",
        platform=config.platform,
        device=config.device,
        wait=True,
        outcome="the accelerator as soon as it is free",
    )

"""What the learner can choose of devices: the default one, how many to simulate, the platform."""

import msgspec

from jaxtour.engine.messages import Facts
from jaxtour.engine.session import WorkerConfig

SIMULATED = (1, 2, 4, 8)
PLATFORMS = ("cpu", "gpu", "tpu")


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One of them, with the configuration of the worker that it leads to."""

    group: str
    words: str
    platform: str | None = None
    devices: int | None = None
    device: int | None = None
    wait: bool = False
    """Whether an accelerator that another process holds is waited for."""
    here: bool = False
    """Whether it is so already."""
    note: str = ""
    """What speaks against it."""
    outcome: str = ""
    """What the worker then runs on."""


def choices(
    facts: Facts | None, config: WorkerConfig, simulating: int | None, needed: int, *, dead: bool = False
) -> list[Choice]:
    """All of them; `needed` is how many devices the step asks for. Nothing is so already where the worker is dead."""
    if dead:
        found = [*_platforms(None, config), *_simulated(config, simulating, needed)]
        return [msgspec.structs.replace(choice, here=False) for choice in found]
    return [*_default(facts, config, simulating), *_simulated(config, simulating, needed), *_platforms(facts, config)]


def _default(facts: Facts | None, config: WorkerConfig, simulating: int | None) -> list[Choice]:
    """The devices of the default platform; the first of them is jax's own choice."""
    if facts is None or not facts.devices:
        return []
    platform = facts.platforms[0] if facts.platforms else facts.devices[0].platform
    own = [device for device in facts.devices if device.platform == platform and device.local]
    found = []
    for place, device in enumerate(own):
        name = f"{platform}:{device.id}"
        found.append(
            Choice(
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


def _simulated(config: WorkerConfig, simulating: int | None, needed: int) -> list[Choice]:
    # Who asked for simulated devices on the command line has named no other platform.
    platform = config.platform if config.devices is None else None
    found = [
        Choice(
            group="simulate",
            words="nothing: the devices there are",
            platform=platform,
            here=simulating is None,
            outcome=f"the machine's own {platform or 'devices'}",
        )
    ]
    for count in SIMULATED:
        what = f"{count} CPU device{'s' * (count > 1)}"
        found.append(
            Choice(
                group="simulate",
                words=what,
                platform="cpu",
                devices=count,
                here=simulating == count,
                note=f"this step still gets the {needed} that it asks for" if count < needed else "",
                outcome=f"{what}, simulated",
            )
        )
    return found


def _platforms(facts: Facts | None, config: WorkerConfig) -> list[Choice]:
    seen = facts.platforms if facts else ()
    found = [
        Choice(
            group="platform",
            words="as jax chooses",
            here=config.platform is None,
            outcome="the platform that jax chooses",
        )
    ]
    for platform in PLATFORMS:
        unseen = config.platform is None and bool(seen) and platform not in seen
        found.append(
            Choice(
                group="platform",
                words=platform,
                platform=platform,
                here=config.platform == platform,
                note="not seen here" if unseen else "",
                outcome=platform,
            )
        )
    return found


def the_cpu() -> Choice:
    """The CPU in place of an accelerator that is not to be had."""
    return Choice(group="platform", words="cpu", platform="cpu", outcome="the CPU")


def when_free(config: WorkerConfig) -> Choice:
    """What was asked for, as soon as no other process holds it."""
    return Choice(
        group="wait",
        words="until it is free",
        platform=config.platform,
        device=config.device,
        wait=True,
        outcome="the accelerator as soon as it is free",
    )

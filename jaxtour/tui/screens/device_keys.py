"""What the keys do that are about devices, and what a device and its part of a value highlight."""

from typing import TYPE_CHECKING

import msgspec

from jaxtour.engine.session import EngineError
from jaxtour.render.clean import clean
from jaxtour.render.spans import Line
from jaxtour.tui.actions import Context
from jaxtour.tui.lines.view import CursorMoved
from jaxtour.tui.messages import Note, RestartWanted, Turned
from jaxtour.tui.screens.lens_keys import LensKeys
from jaxtour.tui.widgets.arrange import Slot
from jaxtour.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from jaxtour.tui.choices import Choice


class DeviceKeys(LensKeys):
    """A method for each action about devices."""

    _holder: Pane | None = None
    """The pane whose cursor says which devices are meant."""
    _left: Slot = "devices"
    """The pane that keys went to before the devices filled the screen."""
    _meant: tuple[object, ...] = ()

    @property
    def context(self) -> Context:
        """What decides which keys work now."""
        pane = self.focused
        base = super().context
        if not isinstance(pane, Pane) or pane.spec.name not in self.panes.shards:
            return base
        on_devices = pane is self.panes.by_slot["devices"]
        return msgspec.structs.replace(base, on_devices=on_devices, on_shard=not on_devices and bool(pane.pieces))

    # The panel ------------------------------------------------------------------------------------------------------

    def action_devices(self) -> None:
        """Let the devices fill the screen, or bring the other panes back."""
        if self.panes.zoomed == "devices":
            self.action_unzoom()
            self.focus_slot(self._left)
            return
        self.leave_editor()
        self._left = self.pane.spec.name
        self.panes.zoom("devices")
        self.focus_slot("devices")
        self.refresh_view()

    def action_choose_devices(self) -> None:
        """Choose the devices that steps run on."""
        from jaxtour.tui.screens.devices import DevicesScreen

        async def chosen(choice: "Choice | None") -> None:
            if choice is not None:
                self.post_message(Note(f"the worker restarts on {choice.outcome} and replays the steps before"))
                await self._configure(choice)

        self.app.push_screen(DevicesScreen(self.tour, self.tour.visit.device), chosen)

    async def action_take_cpu(self) -> None:
        """Run on the CPU."""
        from jaxtour.tui.choices import the_cpu

        self.post_message(Note("the worker starts on the CPU"))
        await self._configure(the_cpu())

    async def action_wait_for_devices(self) -> None:
        """Wait until the accelerator is free."""
        from jaxtour.tui.choices import when_free

        self.post_message(Note("the worker starts as soon as the accelerator is free"))
        await self._configure(when_free(self.tour.session.config))

    async def _configure(self, choice: "Choice") -> None:
        gone = self.tour.gone
        try:
            await self.tour.configure(choice)
        except EngineError as error:
            if not gone:
                self.post_message(Note(clean(str(error))))
        if gone:
            self.post_message(RestartWanted())
        self.refresh_view()
        self.post_message(Turned())

    def action_follow(self) -> None:
        """Go to the device that holds the part under the cursor, or to what belongs to it in the lens."""
        result = self.panes.by_slot["result"]
        if self.focused is not result or not result.pieces:
            super().action_follow()
            return
        devices = sorted(result.pieces[0].devices, key=_number)
        self.focus_slot("devices")
        self.panes.shards["devices"].to_device(devices[0])

    # What belongs together ------------------------------------------------------------------------------------------

    def on_cursor_moved(self, message: CursorMoved) -> None:
        """Highlight what belongs to the device, or to the part of the value."""
        if message.view in (self._holder, *map(self.panes.by_slot.get, self.panes.shards)):
            self.highlight_devices()

    def on_descendant_focus(self) -> None:
        """The cursor of the pane that has the focus is the one that counts."""
        focused = self.focused
        if isinstance(focused, Pane) and focused.spec.name in self.panes.shards:
            self._holder = focused
            self.highlight_devices()

    def highlight_devices(self) -> None:
        """Highlight what belongs to the cursor that counts, unless that stands out already."""
        holder = self._holder
        if holder is None:
            return
        devices: frozenset[str] = frozenset().union(*(piece.devices for piece in holder.pieces))
        panes = [self.panes.by_slot[slot] for slot in self.panes.shards]
        state = (devices, self.tour.key, self.tour.session.facts, *(id(pane.document) for pane in panes))
        if state == self._meant:
            return
        self._meant = state
        told = _told(devices)
        if told != self.tour.visit.device:
            self.tour.visit.device = told
            self.panes.update_view(self.tour.view)
            self._meant = (*state[:3], *(id(pane.document) for pane in panes))
        for cursor in self.panes.shards.values():
            cursor.highlight(devices)
        # Where it fills the screen, its text says that.
        panes[0].say(() if panes[0].whole else self._about(devices))
        self.refresh_keys()

    def _about(self, devices: frozenset[str]) -> Line:
        """What is known of the device that is meant, or how many they are."""
        from jaxtour.render.device_memory import about_device, name_of

        if len(devices) > 1:
            return ((f"{len(devices)} devices", "strong"),)
        facts = self.tour.session.facts
        found = [device for device in facts.devices if name_of(device) in devices] if facts else []
        return ((name_of(found[0]), "strong"), (f"  {about_device(found[0])}", "muted")) if found else ()


def _told(devices: frozenset[str]) -> tuple[str, int] | None:
    """The device, if it is only one."""
    if len(devices) != 1:
        return None
    platform, _, number = next(iter(devices)).rpartition(":")
    return platform, int(number)


def _number(device: str) -> int:
    return int(device.rpartition(":")[2])

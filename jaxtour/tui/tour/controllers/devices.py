"""The keys about devices, and the highlights between a device and its part of a value."""

from jaxtour.engine.session import EngineError
from jaxtour.render.text.layout import Line
from jaxtour.tui.choices import DeviceChoice, the_cpu, when_free
from jaxtour.tui.messages import RestartWanted, Turned
from jaxtour.tui.tour.controllers.links import LinkController
from jaxtour.tui.tour.controllers.slots import SlotController
from jaxtour.tui.tour.controllers.step import StepController
from jaxtour.tui.tour.host import ScreenHost
from jaxtour.tui.widgets.arrange import Slot
from jaxtour.tui.widgets.pane import Pane


class DeviceController:
    """The actions about devices, and the highlights between a device and its part of a value."""

    def __init__(self, host: ScreenHost, slots: SlotController, step: StepController, links: LinkController) -> None:
        self.host = host
        self.tour = host.tour
        self.panes = host.panes
        self.slots = slots
        self.step = step
        self.links = links
        self.panel = self.panes.by_slot["devices"]
        self.result = self.panes.by_slot["result"]
        self.lead: Pane | None = None
        """The pane whose cursor selects devices: the last of these two with the focus."""
        self._left: Slot = "devices"
        """The pane with the keys before the devices filled the screen."""
        self._highlighted: tuple[object, ...] = ()

    def devices(self) -> None:
        """Let the devices fill the screen, or bring back the other panes."""
        if self.panes.zoomed == "devices":
            self.slots.unzoom()
            self.slots.focus(self._left)
            return
        self.step.leave_editor()
        self._left = self.host.pane.spec.name
        self.panes.zoom("devices")
        self.slots.focus("devices")
        self.host.refresh_view()

    def process(self) -> None:
        """Show the results of the next process, or of all of them after the last one."""
        state, count = self.tour.state, self.tour.view.processes
        after = 0 if state.process is None else state.process + 1
        state.process = after if after < count else None
        self.host.refresh_view()
        shown = "all processes together" if state.process is None else f"process {state.process} of {count} alone"
        self.host.note(f"{shown}; {self.tour.keys.first('process')} goes on")

    def choose_devices(self) -> None:
        """Choose the devices that steps run on."""
        from jaxtour.tui.screens.devices import DevicesScreen

        async def chosen(choice: DeviceChoice | None) -> None:
            if choice is not None:
                self.host.note(f"the worker restarts on {choice.outcome} and replays the earlier steps")
                await self._configure(choice)

        self.host.app.push_screen(DevicesScreen(self.tour, self.tour.state.device), chosen)

    async def use_cpu(self) -> None:
        """Use the CPU."""
        self.host.note("the worker starts on the CPU")
        await self._configure(the_cpu())

    async def wait_for_devices(self) -> None:
        """Wait until the accelerator is free."""
        self.host.note("the worker starts as soon as the accelerator is free")
        await self._configure(when_free(self.tour.session.config))

    async def _configure(self, choice: DeviceChoice) -> None:
        gone = self.tour.worker.gone
        try:
            await self.tour.configure(choice)
        except EngineError as error:
            if not gone:
                self.host.note(str(error))
        if gone:
            self.host.post_message(RestartWanted())
        self.host.refresh_view()
        self.host.post_message(Turned())

    def follow(self) -> None:
        """Go to the device that holds the part under the cursor, or along the cursor's link."""
        if self.host.focused is not self.result or not self.result.pieces:
            self.links.follow()
            return
        devices = sorted(self.result.pieces[0].devices, key=_number)
        self.slots.focus("devices")
        self.panes.shards["devices"].to_device(devices[0])

    def take_lead(self, pane: Pane) -> None:
        """Highlight for the cursor of the pane that has the focus now."""
        self.lead = pane
        self.highlight()

    def cursor_moved(self, *_moved: object, **_how: bool) -> None:
        """Highlight what belongs to the lead's cursor, which some keys need."""
        if self.highlight():
            self.host.refresh_keys()

    def highlight(self) -> bool:
        """Highlight what belongs to the lead's cursor; return whether that changed."""
        if self.lead is None:
            return False
        devices: frozenset[str] = frozenset().union(*(piece.devices for piece in self.lead.pieces))
        panes = [self.panel, self.result]
        state = (devices, self.tour.key, self.tour.session.facts, *(id(pane.document) for pane in panes))
        if state == self._highlighted:
            return False
        self._highlighted = state
        selected = _only(devices)
        if selected != self.tour.state.device:
            self.tour.state.device = selected
            self.panes.update_view(self.tour.view)
            self._highlighted = (*state[:3], *(id(pane.document) for pane in panes))
        for cursor in self.panes.shards.values():
            cursor.highlight(devices)
        # When it fills the screen, its text says this.
        self.panel.say(() if self.panel.whole else self._about(devices))
        return True

    def _about(self, devices: frozenset[str]) -> Line:
        """Return the facts of the selected device, or the number of devices."""
        from jaxtour.render.devices.panel import about_device, name_of

        if len(devices) > 1:
            return ((f"{len(devices)} devices", "strong"),)
        facts = self.tour.session.facts
        found = [device for device in facts.devices if name_of(device) in devices] if facts else []
        return ((name_of(found[0]), "strong"), (f"  {about_device(found[0])}", "muted")) if found else ()


def _only(devices: frozenset[str]) -> tuple[str, int] | None:
    """Return the device, if there is only one."""
    if len(devices) != 1:
        return None
    platform, _, number = next(iter(devices)).rpartition(":")
    return platform, int(number)


def _number(device: str) -> int:
    return int(device.rpartition(":")[2])

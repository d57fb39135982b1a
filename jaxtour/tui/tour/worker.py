"""What the tour knows of its worker, here or on another machine."""

from jaxtour.engine.messages import WorkerState
from jaxtour.engine.session import Session


class Worker:
    """Whether there is a worker, and what keeps it from running steps."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.gone = ""
        """Why there is no guard; empty while there is one."""

    @property
    def dead(self) -> bool:
        """Whether there is no worker."""
        return bool(self.gone) or self._session.state == "dead"

    @property
    def state(self) -> WorkerState:
        """Its state."""
        return "dead" if self.gone else self._session.state

    @property
    def detail(self) -> str:
        """More about that state, in words."""
        return self.gone or self._session.detail

    @property
    def lost(self) -> bool:
        """Whether the link to another machine is lost, or could not be made; a run connects again."""
        return bool(self.gone and self._session.config.worker)

    @property
    def connects(self) -> bool:
        """Whether it is on another machine, which has not answered yet."""
        return bool(self._session.config.worker and not self.gone and not self._session.started.is_set())

    @property
    def held(self) -> bool:
        """Whether the worker is dead because another process holds the accelerator."""
        return self.dead and self._session.code == "tpu busy"

    @property
    def cpu_helps(self) -> bool:
        """Whether the worker is dead and an accelerator may be the cause."""
        facts, config = self._session.facts, self._session.config
        tried = config.platform or (facts.platforms[0] if facts and facts.platforms else "")
        return self.dead and tried != "cpu" and bool(tried or self._session.code)

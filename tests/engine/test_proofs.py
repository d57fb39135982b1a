"""A real worker proves exercises: a fault in one is reported, whatever its solutions do."""

import pytest
from fake_engine import FakeEngine

from jaxtour.course.loader import loads
from jaxtour.course.model import Step
from jaxtour.engine.cells import asked_of
from jaxtour.engine.guards.client import ProcessEngine
from jaxtour.engine.headless import Headless
from jaxtour.engine.proofs import proved
from jaxtour.engine.session import Session, WorkerConfig
from jaxtour.engine.wire.commands import Command, Run
from jaxtour.engine.wire.messages import Done

HEAD = """\
format: 1
id: l
title: L
summary: x
minutes: 1
steps:
"""

LESSON = (
    HEAD
    + """\
  - {id: first, title: F, text: x, code: "import jax, jax.numpy as jnp\\ncalls = []\\nx = jnp.arange(3.0)"}
  - id: sound
    title: S
    text: x
    exercise:
      starter: "def f(x): ..."
      check:
        - {value: "(f(x), len(calls))", given: [{x: "jnp.ones(2)"}]}
        - {jaxpr: f(x), most: 1}
      solution: "def f(x): calls.append(1) or x * 2"
      others: ["f = lambda x: (calls.append(1), x + x)[1]"]
      wrong:
        - {code: "f = lambda x: x * 2", because: "Expected  (f32[2], 1), got (f32[2], 0)"}
        - {code: "f = lambda x: (calls.append(1), x * 4 / 2)[1]", because: at most 1 equation}
  - id: unsound
    title: U
    text: x
    timeout: 8
    exercise:
      starter: "y = 2"
      check: "assert y > 1, f'{y} is too small'"
      solution: "y = 3"
      others: ["y = 0", "y = 4"]
      wrong:
        - {code: "y = 5", because: too small}
        - {code: "y = 1", because: too large}
        - {code: "y = -1", because: TOO small}
        - {code: "while True: pass", because: timed out}
        - {code: "import os; os._exit(3)", because: the worker died}
        - {code: "print('y' * 20_000_000); y = 0", because: too small}
        - {code: "1 / 0", because: ZeroDivisionError}
  - id: tries
    title: T
    text: x
    code: int("3")
    tries:
      - {label: a, old: '"3"', new: '"x"', raises: ValueError}
      - {label: b, old: '"3"', new: '"4"', raises: ValueError}
      - {label: c, old: '"3"', new: '[]', raises: ValueError}
      - {label: d, old: '"3"', new: '[]'}
      - {label: e, old: '"3"', new: '"5"'}
  - {id: last, title: L, text: x, code: "y, len(calls)", expect: {value: "(3, 0)"}}
"""
)

CHANGED = (
    HEAD
    + """\
  - {id: a, title: A, text: x, code: int("3"), tries: [{label: a, old: '"3"', new: '"x"', raises: ValueError}]}
  - {id: b, title: B, text: x, code: "f = abs", time: [f(1)]}
"""
)

ASKED = """\
  - id: c
    title: C
    text: x
    code: g = abs
    time: [{call: g(1), label: A}, {call: g(2), label: B}]
    ask: {question: Which?, choices: [A, B], value: fastest of A | B}
"""


TRIED = (
    HEAD
    + """\
  - id: a
    title: A
    text: x
    code: |
      import jax, jax.numpy as jnp
      end, x = 2, jnp.arange(3.0)
      def f(x): return x[:end]
  - id: b
    title: B
    text: x
    code: |
      end = 1
      y = f(x)
    tries:
      - {label: f sees the new global, old: end = 1, new: end = "one", raises: TypeError}
      - {label: the array is gone, old: y = f(x), new: "x.delete(); f(x)", raises: RuntimeError}
      - {label: no longer, old: y = f(x), new: f(x) + x}
  - id: c
    title: C
    text: x
    code: 'jax.config.update("jax_debug_nans", True); f = None'
    tries:
      - {label: a nan, old: f = None, new: jnp.log(f(x) - 1), raises: FloatingPointError}
      - {label: settings are undone, old: "True); f = None", new: "False); jnp.log(f(x) - 1)"}
  - id: d
    title: D
    text: x
    code: y + 1
    tries:
      - {label: other settings, old: y + 1, new: jnp.log(-y - 1), raises: FloatingPointError}
      - {label: for ever, old: y + 1, new: "while True: pass"}
    timeout: 5
  - {id: e, title: E, text: x, code: 'jax.config.update("jax_debug_nans", False)'}
"""
)


class Noting(ProcessEngine):
    """Notes the commands."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Command] = []

    async def send(self, command: Command) -> None:
        self.sent.append(command)
        await super().send(command)


class Forgetful(FakeEngine):
    """Keeps no state for probes."""

    async def send(self, command: Command) -> None:
        if isinstance(command, Run) and command.probe:
            self.sent.append(command)
            self.push(Done(run=command.run, status="error", dirty=True))
        else:
            await super().send(command)


async def runs_of(lesson: str, engine: FakeEngine) -> list[tuple[str, bool]]:
    """Return what a check of a lesson runs: code, or the name of a step that is probed; and whether afresh."""
    async with Headless(Session(engine)) as headless:
        await proved(headless, loads(lesson.encode(), "l.yaml"))
    runs = [command for command in engine.sent if isinstance(command, Run)]
    return [(run.cell.code if run.cell else run.probe.name if run.probe else "", run.fresh) for run in runs]


async def test_changes_run_after_the_probes_of_all_steps() -> None:
    """One that does not do what it should in the state that was kept runs in a fresh worker, which keeps none."""
    assert await runs_of(CHANGED, FakeEngine()) == [
        ('int("3")', False),
        ("f = abs", False),
        ("l/b", False),
        ("l/a", False),
        ('int("x")', True),
    ]


def test_what_is_fastest_is_asked_only_where_it_is_timed() -> None:
    *_, step = loads((CHANGED + ASKED).encode(), "l.yaml").steps
    assert isinstance(step, Step)
    assert asked_of(step).ask == "fastest of A | B"
    assert asked_of(step, timings=False).ask is None


@pytest.mark.parametrize("why", ["requires: {devices: 2}", "raises: TimeoutError, timeout: 5"])
async def test_steps_are_probed_before_one_that_leaves_no_worker_with_their_state(why: str) -> None:
    last = f"  - {{id: c, title: C, text: x, {why}, code: g = abs, time: [g(1)]}}\n"
    runs = [code for code, _ in await runs_of(CHANGED + last, FakeEngine())]
    assert runs[:4] == ['int("3")', "f = abs", "l/b", "g = abs"]


async def test_a_step_whose_state_is_lost_before_its_probe_runs_again() -> None:
    """A worker that cannot be probed has proved nothing of what the step times."""
    assert ("f = abs", True) in await runs_of(CHANGED, Forgetful())


@pytest.mark.long
async def test_what_is_wrong_with_an_exercise_is_said() -> None:
    lesson = loads(LESSON.replace("calls.append(1) or x * 2", "return calls.append(1) or x * 2").encode(), "l.yaml")
    assert lesson.problems == ()
    async with Headless(Session(ProcessEngine(), WorkerConfig(platform="cpu"))) as engine:
        outcomes = await proved(engine, lesson)
    assert {outcome.step.id: (outcome.status, [each.message for each in outcome.problems]) for outcome in outcomes} == {
        "first": ("ok", []),
        "sound": ("ok", []),
        "unsound": (
            "failed",
            [
                "exercise: the starter passes its check: nothing is left to do",
                "exercise: others[0] fails its check: 0 is too small",
                "exercise: wrong[0] passes its check",
                "exercise: wrong[1] fails, but not because `too large`: 1 is too small",
            ],
        ),
        "tries": (
            "failed",
            [
                "tries[1]: expected ValueError, but nothing was raised",
                "tries[2]: expected ValueError, got TypeError: int() argument must be a string, a bytes-like object or "
                "a real number, not 'list'",
                "tries[3]: raised TypeError: int() argument must be a string, a bytes-like object or a real number, "
                "not 'list'; add `raises: TypeError` if it should",
            ],
        ),
        "last": ("ok", []),
    }


@pytest.mark.long
async def test_changes_run_in_the_state_that_the_worker_kept_or_in_a_new_one() -> None:
    """All but those of the step that ran with settings which the last step changed, and an endless one."""
    lesson, engine = loads(TRIED.encode(), "l.yaml"), Noting()
    assert lesson.problems == ()
    async with Headless(Session(engine, WorkerConfig(platform="cpu"))) as headless:
        outcomes = await proved(headless, lesson)
    wrong = {outcome.step.id: [each.message for each in outcome.problems] for outcome in outcomes if outcome.problems}
    assert wrong == {"d": ["tries[1]: timeout: the run took longer than 5 s"]}
    runs = [command for command in engine.sent if isinstance(command, Run)]
    assert [run.attempt for run in runs if run.attempt is not None][:5] == [
        'end = "one"\ny = f(x)\n',
        "end = 1\nx.delete(); f(x)\n",
        "end = 1\nf(x) + x\n",
        'jax.config.update("jax_debug_nans", True); jnp.log(f(x) - 1)',
        'jax.config.update("jax_debug_nans", False); jnp.log(f(x) - 1)',
    ]
    afresh = [run.cell.code for run in runs if run.fresh and run.cell]
    assert afresh == ["jnp.log(-y - 1)", "while True: pass"]

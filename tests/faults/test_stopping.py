"""Steps do not end: a timeout or an interrupt ends each, and the guard answers meanwhile."""

import time

import pytest
from guard_client import Report
from survival import DIED, ERROR, INTERRUPTED, OK, TIMEOUT, Fault, Worker, each
from table import Row

pytestmark = pytest.mark.faults

FAULTS = {
    "a loop without end": Fault("while True: pass", TIMEOUT, "longer than 0.3 s"),
    "a loop that sleeps": Fault("import time\nwhile True: time.sleep(1)", TIMEOUT, "longer than 0.3 s"),
    "a regular expression without end": Fault("import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')", TIMEOUT, "longer than"),
    "a power without end": Fault("x = 7 ** (10 ** 9)", TIMEOUT, "longer than"),
    "a sort without end": Fault("import itertools\nsorted(itertools.count())", TIMEOUT, "longer than"),
    "a loop that dies of the interrupt": Fault(
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\nwhile True: pass", TIMEOUT, "longer than 0.3 s"
    ),
    "a handler that raises something else": Fault(
        "import signal\ndef no(*_): raise ValueError('mine')\nsignal.signal(signal.SIGINT, no)\nwhile True: pass",
        (TIMEOUT, ERROR),
    ),
    "a handler that exits": Fault(
        "import signal\ndef no(*_): raise SystemExit(5)\nsignal.signal(signal.SIGINT, no)\nwhile True: pass",
        (TIMEOUT, ERROR),
    ),
    "an alarm": Fault("import signal, time\nsignal.alarm(1)\ntime.sleep(300)", DIED, "SIGALRM", timeout_s=300),
    "an interval timer that raises": Fault(
        "import signal\ndef no(*_): raise ValueError('rings')\nsignal.signal(signal.SIGALRM, no)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)\nwhile True: pass",
        ERROR,
        "rings",
        timeout_s=300,
    ),
    "an interval timer that rings on after the step": Fault(
        "import signal\nsignal.signal(signal.SIGALRM, lambda *_: None)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)\n"
        "None",
        OK,
    ),
    "an interval timer that raises after the step": Fault(
        "import signal\ndef no(*_): raise ValueError('late')\nsignal.signal(signal.SIGALRM, no)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)",
        OK,
    ),
    "a handler of SIGCHLD that raises": Fault(
        "import signal, subprocess\ndef no(*_): raise ValueError('child')\nsignal.signal(signal.SIGCHLD, no)\n"
        "subprocess.run(['true'])",
        ERROR,
        "child",
    ),
    "SIGTERM to itself": Fault("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", DIED, "SIGTERM"),
    "SIGHUP to itself": Fault("import os, signal\nos.kill(os.getpid(), signal.SIGHUP)", DIED, "SIGHUP"),
    "SIGPIPE to itself": Fault("import os, signal\nos.kill(os.getpid(), signal.SIGPIPE)", OK),
    "SIGUSR1 to itself": Fault("import os, signal\nos.kill(os.getpid(), signal.SIGUSR1)", OK, shows="jaxtour:a/b"),
    "SIGINT to its group": Fault("import os, signal\nos.killpg(0, signal.SIGINT)\nwhile True: pass", INTERRUPTED),
    "every signal blocked": Fault(
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\n1", OK, result="1"
    ),
    "a lock held in a handler": Fault(
        "import signal, threading\nl = threading.Lock()\nl.acquire()\n"
        "signal.signal(signal.SIGUSR2, lambda *_: l.acquire())\nsignal.raise_signal(signal.SIGUSR2)",
        TIMEOUT,
        "longer than",
    ),
    "a generator that ignores its end": Fault(
        "def g():\n    while True:\n        try: yield\n        except GeneratorExit: pass\nx = g()\n"
        "next(x)\ndel x\nNone",
        OK,
    ),
}
STUBBORN = {
    "swallows the interrupt": Fault(
        "import time\nwhile True:\n    try:\n        print('started')\n        while True: time.sleep(0.01)\n"
        "    except BaseException: pass"
    ),
    "ignores SIGINT and SIGTERM": Fault(
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('started')\ntime.sleep(30)"
    ),
    "blocks every signal": Fault(
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\nprint('started')\ntime.sleep(30)"
    ),
    # No interrupt fits between the word and what follows it.
    "holds the GIL": Fault(
        "import collections, itertools\n"
        "collections.deque(itertools.chain(map(print, ['started']), itertools.repeat(0)), maxlen=0)"
    ),
    "stops itself": Fault("import os, signal\nprint('started')\nos.kill(os.getpid(), signal.SIGSTOP)"),
    "leaves its group": Fault(
        "import os, signal, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(20)\n    os._exit(0)\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('started')\ntime.sleep(30)"
    ),
    "is a loop on the device": Fault(
        "import jax\nf = jax.jit(lambda x: jax.lax.while_loop(lambda x: x >= 0, lambda x: x * 0, x))\n"
        "f = f.lower(1.0).compile()\nprint('started')\nf(1.0).block_until_ready()"
    ),
    "holds the GIL in a callback": Fault(
        "import itertools, jax, numpy as np\n"
        "def hold(x):\n    print('started')\n    return np.float32(all(itertools.repeat(True)))\n"
        "jax.jit(lambda x: jax.pure_callback(hold, x, x))(1.0).block_until_ready()"
    ),
    "interrupts its own interrupt": Fault(
        "import os, signal, time\nwhile True:\n    try:\n        print('started')\n"
        "        while True: time.sleep(0.01)\n"
        "    except KeyboardInterrupt:\n        signal.signal(signal.SIGINT, signal.SIG_IGN)"
    ),
}


@each(FAULTS)
def test_stopping(worker: Worker, row: Row, fault: Fault) -> None:
    worker.meet(row, fault)


@each(STUBBORN)
def test_what_does_not_stop_is_killed(worker: Worker, row: Row, fault: Fault) -> None:
    """What does not stop is killed: an interrupt gives it time, and a second one does not."""
    guard = worker.guard
    run = worker.ask(fault.code)
    guard.started(run)
    guard.send("interrupt")
    guard.until(event="state", state="interrupting")
    guard.ping()
    guard.send("interrupt")
    done = guard.until(event="done", run=run)[-1]
    row.seen = f"{done['status']}: {done['reason']}"
    assert (done["status"], done["dirty"]) == ("interrupted", True)
    worker.survived(row, time.monotonic(), lost=True)


def test_an_interrupt_that_is_caught(worker: Worker, row: Row) -> None:
    """A step that catches its interrupt goes on to its own end."""
    guard = worker.guard
    # Before Python 3.13, no handler belongs to the jump of `while True: pass`.
    run = worker.ask(
        "import time\ntry:\n    print('started')\n    while True: time.sleep(0.01)\n"
        "except KeyboardInterrupt:\n    print('caught')"
    )
    guard.started(run)
    guard.send("interrupt")
    report = Report([event for event in guard.until(event="done", run=run) if event.get("run") == run])
    row.seen = f"{report.done['status']}: {report.text()}"
    assert (report.done["status"], report.text()) == (OK, "caught\n")
    worker.survived(row, time.monotonic(), lost=report.done["dirty"])


def test_an_interrupt_is_heard_after_a_step_that_blocked_it(worker: Worker, row: Row) -> None:
    guard = worker.guard
    guard.run("import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))", fresh=True)
    run = guard.ask("print('started')\nwhile True: pass")
    guard.started(run)
    guard.send("interrupt")
    done = guard.until(event="done", run=run)[-1]
    row.seen = f"{done['status']} after {done['seconds']:.2f} s"
    assert (done["status"], done["reason"]) == ("interrupted", "interrupted")
    worker.survived(row, time.monotonic(), lost=True)


def test_interrupts_at_any_moment_of_20_steps(worker: Worker, row: Row) -> None:
    """No interrupt is lost and none kills an idle runner: while nothing runs, or while a step begins, runs or ends."""
    guard = worker.guard
    ends = []
    for number in range(20):
        run = guard.ask("for i in range(20_000): pass\n2", fresh=True)
        for _ in range(number % 4):
            guard.send("interrupt")
        ends.append(guard.until(event="done", run=run)[-1]["status"])
        if number % 3 == 0:
            guard.send("interrupt")
    row.seen = f"{ends.count('ok')} ok, {ends.count('interrupted')} interrupted"
    assert set(ends) <= {"ok", "interrupted"} and "ok" in ends
    worker.survived(row, time.monotonic(), lost=True)


def test_an_interrupt_before_the_worker_is_ready(worker: Worker, row: Row) -> None:
    guard = worker.guard
    guard.send("restart")
    run = guard.ask("1 + 1", fresh=True)
    guard.send("interrupt")
    done = guard.until(event="done", run=run)[-1]
    row.seen = f"{done['status']}: {done['reason']}"
    assert (done["status"], done["reason"]) == ("interrupted", "the run had not started")
    worker.survived(row, time.monotonic(), lost=True)

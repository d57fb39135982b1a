"""JAX's own users do this: tracers, callbacks, configuration, memory, devices, compilation."""

import time

import pytest
from guard_client import alive
from survival import DIED, ERROR, INTERRUPTED, OK, TIMEOUT, Fault, Worker, each
from table import Row

pytestmark = pytest.mark.faults

JAX = "import jax, jax.numpy as jnp, numpy as np\n"
PROGRAMS = {
    "a leaked tracer": Fault(
        "kept = []\njax.jit(lambda x: kept.append(x))(1.0)\nkept[0] + 1", ERROR, "UnexpectedTracerError"
    ),
    "a leaked tracer as the value": Fault("kept = []\njax.jit(lambda x: kept.append(x))(1.0)\nkept[0]", OK),
    "a branch on a tracer": Fault("jax.jit(lambda x: x if x > 0 else -x)(1.0)", ERROR, "TracerBoolConversionError"),
    "a callback that raises": Fault(
        "def no(x): raise ValueError('from the host')\njax.jit(lambda x: jax.pure_callback(no, x, x))(1.0)",
        ERROR,
        "from the host",
    ),
    "a callback that exits": Fault(
        "def no(x): raise SystemExit(3)\njax.jit(lambda x: jax.pure_callback(no, x, x))(1.0)", (ERROR, DIED)
    ),
    "a callback that ends the process": Fault(
        "import os\ndef no(x): os._exit(8)\njax.jit(lambda x: jax.pure_callback(no, x, x))(1.0)", DIED, "exit 8"
    ),
    "a callback that never returns": Fault(
        "import time\ndef slow(x): time.sleep(20)\n"
        "jax.jit(lambda x: jax.pure_callback(slow, x, x))(1.0).block_until_ready()",
        TIMEOUT,
        "longer than",
    ),
    "a callback that calls jax": Fault(
        "def again(x): return np.asarray(jnp.sin(x))\njax.jit(lambda x: jax.pure_callback(again, x, x))(1.0)",
        (OK, TIMEOUT),
        timeout_s=5,
    ),
    "a callback of the wrong shape": Fault(
        "jax.jit(lambda x: jax.pure_callback(lambda x: np.zeros(3), x, x))(1.0).block_until_ready()", ERROR
    ),
    "a debug print that raises": Fault("jax.debug.print('{} {}', 1.0)", ERROR, "IndexError"),
    "a debug callback that raises after the step": Fault(
        "def no(x): raise ValueError('late')\njax.jit(lambda x: jax.debug.callback(no, x))(1.0)", (OK, ERROR)
    ),
    "debug prints by the thousand": Fault(
        "jax.lax.fori_loop(0, 5_000, lambda i, x: (jax.debug.print('{} {}', i, x), x)[1], 1.0)", OK, shows="4999 1"
    ),
    "a debug breakpoint": Fault(
        "jax.jit(lambda x: (jax.debug.breakpoint(), x)[1])(1.0)\njax.effects_barrier()", (OK, ERROR)
    ),
    "64 bits": Fault("jax.config.update('jax_enable_x64', True)\njnp.ones(2).dtype", OK),
    "jit turned off": Fault("jax.config.update('jax_disable_jit', True)\njax.jit(lambda x: x + 1)(1.0)", OK),
    "NaNs forbidden": Fault("jax.config.update('jax_debug_nans', True)\njnp.log(-1.0)", ERROR, "nan"),
    "transfers forbidden": Fault(
        "jax.config.update('jax_transfer_guard', 'disallow')\njnp.ones(3) + np.ones(3)", ERROR, "transfer"
    ),
    "leaks checked": Fault("jax.config.update('jax_check_tracer_leaks', True)\njax.jit(jnp.sin)(1.0)", OK),
    "another platform": Fault("jax.config.update('jax_platforms', 'tpu')\njnp.ones(2)", (OK, ERROR)),
    "a default device that is none": Fault("jax.config.update('jax_default_device', 'cpu:99')\njnp.ones(2)", ERROR),
    "tracebacks left whole": Fault(
        "jax.config.update('jax_traceback_filtering', 'off')\njnp.ones(2) + jnp.ones(3)", ERROR
    ),
    "compiles logged": Fault("jax.config.update('jax_log_compiles', True)\njax.jit(jnp.sin)(1.0)", OK),
    "caches cleared": Fault("jax.jit(jnp.sin)(1.0)\njax.clear_caches()", OK),
    "backends cleared": Fault("jax.extend.backend.clear_backends()\njnp.ones(2) + 1", (OK, ERROR)),
    "backends cleared, and an old array": Fault(
        "import jax.extend\nx = jnp.ones(2)\njax.extend.backend.clear_backends()\nx", (OK, ERROR)
    ),
    "a donated array as the value": Fault(
        "x = jnp.ones(3)\njax.jit(lambda x: x + 1, donate_argnums=0)(x)\nx",
        OK,
        result="deleted: its memory was donated or freed",
    ),
    "a deleted array is used": Fault("x = jnp.ones(3)\nx.delete()\nx + 1", ERROR, "deleted"),
    "every live array deleted": Fault("for x in jax.live_arrays(): x.delete()", OK),
    "1 TB on the host": Fault("np.ones(2**40)", ERROR, "MemoryError"),
    "1 TB on the device": Fault("jnp.zeros(2**38)", ERROR, "RESOURCE_EXHAUSTED"),
    "1 TB between operations": Fault(
        "jax.jit(lambda x: (jnp.outer(x, x) @ jnp.outer(x, x)).sum())(jnp.ones(2**19))", ERROR
    ),
    # XLA aborts in JAX 0.10; newer ones raise.
    "a shape that overflows": Fault("jnp.zeros((2**31, 2**31, 2**31))", (ERROR, DIED)),
    "a constant of 40 MB": Fault("c = np.ones(10**7, np.float32)\njax.jit(lambda x: x + c)(1.0)", OK),
    "tracing without end": Fault("def f(x): return f(x + 1)\njax.jit(f)(1.0)", ERROR, "RecursionError"),
    "tracing a loop without end": Fault(
        "def f(x):\n    while True: x = x + 1\njax.jit(f)(1.0)", TIMEOUT, "longer than"
    ),
    "5,000 operations unrolled": Fault(
        "def f(x):\n    for i in range(5_000): x = jnp.sin(x) * i\n    return x\njax.jit(f)(1.0)",
        TIMEOUT,
        "longer than",
    ),
    "a scan of no steps and a loop of none": Fault("jax.lax.scan(lambda c, x: (c, x), 1.0, jnp.ones(0))", OK),
    "work that ends after the step": Fault("x = jnp.ones((1500, 1500))\nfor _ in range(5): x = x @ x\nx", OK),
    "a profiler left running": Fault("jax.profiler.start_trace('trace')", OK),
    "a server for profiles left running": Fault("jax.profiler.start_server(0)\nNone", (OK, ERROR)),
    "distributed in a step": Fault("jax.distributed.initialize('localhost:0', 1, 0)", ERROR, "before"),
    "devices asked for too late": Fault(
        "n = 4\njax.config.update('jax_num_cpu_devices', n)", ERROR, "write the number in the call"
    ),
    "a thread that saves arrays": Fault(
        "import threading, time\nx = jnp.ones(10)\ndef save():\n    while True: np.asarray(x + 1); time.sleep(0.01)\n"
        "threading.Thread(target=save, daemon=True).start()",
        OK,
    ),
    "a thread that compiles without end": Fault(
        "import threading\ndef again():\n    n = 0\n    while True:\n        n += 1\n"
        "        jax.jit(lambda x: x + n)(1.0)\n"
        "threading.Thread(target=again, daemon=True).start()",
        OK,
    ),
    "a fork that uses jax": Fault("import os\nif os.fork() == 0:\n    jnp.ones(3) + 1\n    os._exit(0)\nNone", OK),
    "jax's own modules deleted": Fault(
        "import sys\nfor n in list(sys.modules):\n    if n.startswith('jax'): del sys.modules[n]\nimport jax",
        (OK, ERROR, DIED),
    ),
    "jax.numpy replaced": Fault("jax.numpy = jax.jit = jax.Array = None", (OK, ERROR, DIED)),
    "a custom derivative that raises": Fault(
        "@jax.custom_vjp\ndef f(x): return x\nf.defvjp(lambda x: (x, None), lambda r, g: 1 / 0)\njax.grad(f)(1.0)",
        ERROR,
        "ZeroDivision",
    ),
    "a listener of events that raises": Fault(
        "def no(*_, **__): raise ValueError('heard')\n"
        "jax.monitoring.register_event_duration_secs_listener(no)\njax.jit(jnp.cos)(2.0)",
        (OK, ERROR),
    ),
    "memory by handfuls until the limit": Fault(
        "import resource\nx = []\nresource.setrlimit(resource.RLIMIT_DATA, (2**31, 2**31))\n"
        "while True: x.append(jnp.ones(10**7))",
        (ERROR, DIED),
        timeout_s=300,
    ),
}
FAULTS = {name: Fault(**{**vars(fault), "code": JAX + fault.code}) for name, fault in PROGRAMS.items()}
COMPILE = """
import sys, threading, time
def f(x):
    for i in range(1000):
        x = jnp.sin(x) @ jnp.cos(x + i)
    return x
def watch(main):
    last, looks = None, 0
    while looks < 30:
        frame = sys._current_frames()[main]
        looks, last = looks + 1 if (frame, frame.f_lasti) == last else 0, (frame, frame.f_lasti)
        time.sleep(0.01)
    print("started")
lowered = jax.jit(f).lower(jnp.ones((8, 8)))
threading.Thread(target=watch, args=(threading.get_ident(),)).start()
lowered.compile()
print("compiled")
"""
"""It says that it has started once its Python has stood still for a while: then XLA compiles."""


@each(FAULTS)
def test_jax(worker: Worker, row: Row, fault: Fault) -> None:
    worker.meet(row, fault)
    worker.gives(f"{JAX}jax.jit(lambda x: x + 1)(jnp.ones(2))", "[2. 2.]")


def test_an_interrupt_of_a_long_compile(worker: Worker, row: Row) -> None:
    """An interrupt of a long compile is answered, and the runner that still compiles is gone before any timing."""
    guard = worker.guard
    runner = int(guard.run("import os\nos.getpid()", fresh=True).result)
    run = guard.ask(JAX + COMPILE)
    guard.started(run)
    began = time.monotonic()
    guard.send("interrupt")
    *before, done = guard.until(event="done", run=run)
    row.seen = f"{done['status']} after {time.monotonic() - began:.2f} s"
    # In JAX 0.10 Python goes on at once; in 0.12 the runner is killed after 2 s, before it has compiled all of it.
    assert done["status"] == INTERRUPTED
    assert not [event for event in before if event.get("text") == "compiled\n"]
    worker.survived(row, time.monotonic(), lost=True)
    assert not alive(runner)

"""Steps leave threads and processes behind. Each of these ends on its own within 20 seconds."""

import pytest
from survival import DIED, OK, TIMEOUT, Fault, Worker, each
from table import Row

pytestmark = pytest.mark.faults

CHAIN = """
import os, time
until = time.time() + 20
if os.fork() == 0:
    while time.time() < until:
        if os.fork():
            os._exit(0)
        os.setsid()
"""
BOMB = """
import os, time
for i in range(300):
    if os.fork() == 0:
        if i % 2: os.setsid()
        time.sleep(20)
        os._exit(0)
"""
STORM = """
import os, time
until = time.time() + 10
for _ in range(4):
    if os.fork() == 0:
        while time.time() < until:
            if os.fork() == 0: os._exit(0)
            os.waitpid(-1, 0)
        os._exit(0)
"""
FAULTS = {
    "a fork": Fault("import os\nif os.fork() == 0:\n    os._exit(0)\nos.wait()\nNone", OK),
    "a fork that goes on as the runner": Fault("import os\nif os.fork(): os.wait()\nNone", OK),
    "a fork that goes on, and raises": Fault("import os\nif os.fork() == 0: 1 / 0\nos.wait()\nNone", OK),
    "a fork that goes on while the parent ends": Fault("import os\nif os.fork(): os._exit(9)", DIED, "exit 9"),
    "a fork in a thread": Fault(
        "import os, threading\nt = threading.Thread(target=lambda: os.fork() or os._exit(0))\nt.start(); t.join()", OK
    ),
    "vfork bombs of a shell": Fault(
        "import subprocess\nsubprocess.run('for i in $(seq 200); do sleep 20 & done', shell=True)\nNone", OK
    ),
    "a daemon of its own session": Fault(
        "import subprocess\nsubprocess.Popen(['sleep', '20'], start_new_session=True)\nNone", OK
    ),
    "a daemon that forked twice": Fault(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(20)\n    os._exit(0)\n"
        "os.wait()\nNone",
        OK,
    ),
    "a zombie": Fault("import subprocess\np = subprocess.Popen(['true'])\nNone", OK),
    "a child that is stopped": Fault(
        "import os, signal, subprocess\np = subprocess.Popen(['sleep', '20'])\nos.kill(p.pid, signal.SIGSTOP)\nNone", OK
    ),
    "a child that ignores signals": Fault(
        "import subprocess\nsubprocess.Popen(['sh', '-c', 'trap \"\" HUP INT TERM; sleep 20'])\nNone", OK
    ),
    "a child that holds the runner's pipes": Fault(
        "import os, sys, subprocess\n"
        "subprocess.Popen(['sleep', '20'], close_fds=False, start_new_session=True)\nos._exit(0)",
        DIED,
    ),
    "300 processes": Fault(BOMB, OK),
    "a chain that forks itself anew": Fault(CHAIN, OK),
    "a storm of forks": Fault(STORM, OK),
    "a pool left behind": Fault(
        "import multiprocessing\npool = multiprocessing.get_context('fork').Pool(2)\npool.map(abs, [-1])",
        OK,
        result="[1]",
    ),
    "a pool of executors left behind": Fault(
        "from concurrent.futures import ProcessPoolExecutor\nimport multiprocessing\n"
        "pool = ProcessPoolExecutor(2, multiprocessing.get_context('spawn'))\npool.submit(abs, -1).result()",
        OK,
        result="1",
    ),
    "a thread that raises": Fault(
        "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join()",
        OK,
        shows="ZeroDivisionError",
    ),
    "a thread that exits": Fault(
        "import os, threading\nthreading.Thread(target=os._exit, args=(4,)).start()\nwhile True: pass", DIED, "exit 4"
    ),
    "a thread without end": Fault(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(20,)).start()", OK
    ),
    "a thread that prints without end": Fault(
        "import threading\ndef chatter():\n    while True: print('chatter')\n"
        "threading.Thread(target=chatter, daemon=True).start()\nNone",
        OK,
    ),
    "1,000 threads": Fault(
        "import threading, time\n"
        "for _ in range(1000): threading.Thread(target=time.sleep, args=(20,), daemon=True).start()",
        OK,
    ),
    "a thread that holds the GIL after its step": Fault(
        "import itertools, threading\nthreading.Timer(0.2, lambda: all(itertools.repeat(True, 2 * 10**8))).start()", OK
    ),
    "an event loop left running in a thread": Fault(
        "import asyncio, threading\nloop = asyncio.new_event_loop()\n"
        "threading.Thread(target=loop.run_forever, daemon=True).start()",
        OK,
    ),
    "a task that was never awaited": Fault(
        "import asyncio\nasync def f(): pass\nf()\nasyncio.new_event_loop().create_task(f())\nNone", OK
    ),
    "an event loop without end": Fault("import asyncio\nasyncio.run(asyncio.sleep(60))", TIMEOUT, "longer than"),
    "two threads that wait for each other": Fault(
        "import threading\na = threading.Lock()\na.acquire()\na.acquire()", TIMEOUT, "longer than"
    ),
    "a server that listens": Fault(
        "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\ns.accept()", TIMEOUT, "longer than"
    ),
    "a child waited for without end": Fault(
        "import subprocess\nsubprocess.run(['sleep', '20'])", TIMEOUT, "longer than"
    ),
    "os.wait steals nothing": Fault(
        "import os\ntry: os.wait()\nexcept ChildProcessError as e: print(e)\nNone", OK, shows="No child"
    ),
    "the runner is its own subreaper": Fault(
        "import ctypes, os, time\nctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\nif os.fork() == 0:\n    os.setsid()\n"
        "    if os.fork() == 0: time.sleep(20)\n    os._exit(0)\nos.wait()\nNone",
        OK,
    ),
    "a group and session of other kinds": Fault(
        "import os, time\npid = os.fork()\nif pid == 0:\n    os.setpgid(0, 0)\n    time.sleep(20)\n"
        "    os._exit(0)\nNone",
        OK,
    ),
    "a process that it traces": Fault(
        "import ctypes, os, time\nif os.fork() == 0:\n    ctypes.CDLL(None).ptrace(0, 0, 0, 0)\n    time.sleep(20)\n"
        "    os._exit(0)\nNone",
        OK,
    ),
    "the death signal taken back": Fault("import ctypes\nctypes.CDLL(None).prctl(1, 0, 0, 0, 0)\nNone", OK),
}


@each(FAULTS)
def test_processes(worker: Worker, row: Row, fault: Fault) -> None:
    worker.meet(row, fault)

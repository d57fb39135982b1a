"""Steps take away descriptors, folders, memory, environment, or time; and what they write arrives."""

import time

import pytest
from survival import DIED, ERROR, OK, TIMEOUT, Fault, Worker, each
from table import Row

pytestmark = pytest.mark.faults

ANY = (OK, ERROR, DIED)
LIMIT = "import resource\nresource.setrlimit(resource.RLIMIT_{0}, ({1}, {1}))\n"
MINE = "import sys\nOUT, CTL = (int(sys.orig_argv[sys.orig_argv.index(each) + 1]) for each in ('--out', '--ctl'))\n"
"""Numbers of the runner's own pipes, as any step can find them."""
HOLD = f"{MINE}import os\n"
FAULTS = {
    "stdout closed": Fault("import os\nos.close(1)", OK),
    "sys.stdout closed": Fault("import sys\nsys.stdout.close()", OK),
    "sys.stderr closed, and a warning": Fault("import sys, warnings\nsys.stderr.close()\nwarnings.warn('now')", OK),
    "sys.stdout and sys.stderr are None": Fault("import sys\nsys.stdout = sys.stderr = None\nprint('gone')", OK),
    "sys.stdout raises": Fault(
        "import sys\nclass S:\n    def __getattr__(self, name): raise SystemExit(name)\nsys.stdout = sys.stderr = S()",
        ANY,
    ),
    "stdout is a full disk": Fault("import os\nos.dup2(os.open('/dev/full', os.O_WRONLY), 1)\nprint('x' * 10**6)", ANY),
    "stdout is a pipe that nobody reads": Fault(
        "import os\nr, w = os.pipe()\nos.set_blocking(w, True)\nos.dup2(w, 1)\nprint('x' * 10**6)", TIMEOUT
    ),
    "stdout is a broken pipe": Fault(
        "import os\nr, w = os.pipe()\nos.close(r)\nos.dup2(w, 1)\nprint('x' * 10**6)", ANY
    ),
    "stdout and stderr exchanged": Fault("import os\nk = os.dup(1)\nos.dup2(2, 1)\nos.dup2(k, 2)", OK),
    "stdin closed": Fault("import os\nos.close(0)\nos.open('/dev/null', os.O_RDONLY)", OK),
    "every descriptor closed": Fault("import os\nos.closerange(0, 64)\nwhile True: pass", DIED, "closed its channel"),
    "every descriptor closed, one by one": Fault(
        "import os\nfor fd in range(3, 256):\n    try: os.close(fd)\n    except OSError: pass", DIED
    ),
    "the runner's pipes turned over": Fault(f"{HOLD}os.dup2(CTL, OUT)", DIED),
    "the runner's pipes made non-blocking": Fault(
        f"{HOLD}os.set_blocking(OUT, False)\nos.set_blocking(CTL, False)", ANY
    ),
    "no more descriptors": Fault(LIMIT.format("NOFILE", 3), ANY),
    "4,096 open files": Fault(
        "import os\nfds = []\ntry:\n    while True: fds.append(os.open('/dev/null', os.O_RDONLY))\n"
        "except OSError as error: print(error)\nNone",
        OK,
        shows="Too many open files",
    ),
    "files of no bytes": Fault(
        f"{LIMIT.format('FSIZE', 0)}f = open('x', 'w')\nf.write('x')\nf.flush()", ERROR, "File too large"
    ),
    "2 GiB of address space, and more wanted": Fault(
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))\nx = bytearray(2**32)",
        (ERROR, DIED),
        "",
    ),
    "one second of processor time": Fault(f"{LIMIT.format('CPU', 1)}while True: pass", DIED, "SIG", timeout_s=300),
    "a small stack": Fault(f"{LIMIT.format('STACK', 65536)}", OK),
    "100 GB of memory that is not there": Fault("bytearray(10**14)", ERROR, "MemoryError"),
    "its folder removed": Fault("import os\nos.rmdir(os.getcwd())", OK),
    "its folder closed to all": Fault("import os\nos.chmod('.', 0)", OK),
    "its folder full of folders 500 deep": Fault(
        "import os\nfor _ in range(500):\n    os.mkdir('deeper')\n    os.chdir('deeper')", OK
    ),
    "its folder a link to elsewhere": Fault(
        "import os\nhere = os.getcwd()\nos.chdir('/')\nos.rmdir(here)\nos.symlink('/proc', here)", OK
    ),
    "another folder": Fault("import os\nos.chdir('/')", OK),
    "another root": Fault("import os\nos.mkdir('jail')\nos.chroot('jail')\nos.chdir('/')", ANY),
    "no environment": Fault("import os\nos.environ.clear()\nos.environb = None", OK),
    "an environment of 1 MB": Fault("import os\nos.environ['X'] = 'x' * 10**6", OK),
    "another locale": Fault("import locale, os\nos.environ['LC_ALL'] = 'C'\nlocale.setlocale(locale.LC_ALL, '')", OK),
    "umask 777": Fault("import os\nos.umask(0o777)", OK),
    "the lowest priority": Fault("import os\nos.nice(19)", OK),
    "another name and no dumps": Fault(
        "import ctypes\nctypes.CDLL(None).prctl(15, b'other', 0, 0, 0)\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)", OK
    ),
    "stdin is read": Fault("import sys\nsys.stdin.read()", OK, result="''"),
    "input()": Fault("input()", ERROR, "no terminal to read from"),
    "getpass": Fault("import getpass\ngetpass.getpass()", ERROR, "EOF"),
    "pdb": Fault("import pdb\npdb.set_trace()\n1", (OK, ERROR)),
    "breakpoint()": Fault("breakpoint()\n1", OK, result="1"),
    "the terminal": Fault("open('/dev/tty')", ERROR, "/dev/tty"),
    "64 KiB and more by who holds the GIL": Fault("import ctypes\nctypes.PyDLL(None).printf(b'1' * 200_000)", OK),
    "output of C and of a child": Fault(
        "import ctypes, subprocess\nctypes.CDLL(None).printf(b'from C, ')\nsubprocess.run(['echo', 'a child'])\nNone",
        OK,
        shows="from C, a child",
    ),
    "a child that reads stdin and the terminal": Fault(
        "import subprocess\nsubprocess.run('cat; cat /dev/tty', shell=True)\nNone", OK, shows="/dev/tty"
    ),
    "bytes that are no UTF-8": Fault("import os\nos.write(1, b'a\\xff\\xc3')\nNone", OK, shows="a\ufffd\ufffd"),
    "half a surrogate pair printed": Fault("print('\\ud800')", OK, shows="\\ud800"),
    "a fork that writes after its parent": Fault(
        "import os, time\nif os.fork() == 0:\n    time.sleep(0.3)\n    os.write(1, b'late')\n    os._exit(0)", OK
    ),
    "frames forged on stdout": Fault(
        'import os\nos.write(1, b\'\\0\\0\\0\\x20{"event":"done","run":1,"status":"ok"}\')\nNone', OK, shows='"event"'
    ),
    "garbage on the channel": Fault(f"{HOLD}os.write(OUT, b'\\xff' * 64)", DIED, "a frame claims"),
    "deep JSON on the channel": Fault(
        f"{HOLD}b = b'[' * 100_000\nos.write(OUT, len(b).to_bytes(4, 'big') + b)", DIED, "not JSON"
    ),
    "half a frame on the channel": Fault(f"{HOLD}os.write(OUT, b'\\0\\0\\1')\nos._exit(3)", DIED, "exit 3"),
    "a flood on the channel": Fault(
        f'{HOLD}b = b\'{{"event":"log","text":"\' + b\'x\' * 10**6 + b\'"}}\'\n'
        "for _ in range(200): os.writev(OUT, [len(b).to_bytes(4, 'big'), b])",
        (OK, DIED),
    ),
}


UNTAKEN = {
    # The runner is given an empty pipe: otherwise whoever is faster would get the command.
    "commands read by a thread of the step": f"{HOLD}import threading\nCOMMANDS = os.dup(CTL)\n"
    "def eat():\n    while True: os.read(COMMANDS, 10**6)\n"
    "ends = os.pipe()\nos.dup2(ends[0], CTL)\nthreading.Thread(target=eat, daemon=True).start()",
    "a forged end of a run that goes on": f"""{HOLD}import json
for run in range(1, 500):
    body = json.dumps({{"event": "done", "run": run, "status": "ok"}}).encode()
    os.write(OUT, len(body).to_bytes(4, "big") + body)
while True: pass
""",
}


@pytest.mark.parametrize("code", [pytest.param(code, id=name) for name, code in UNTAKEN.items()])
def test_a_run_that_is_not_taken_ends(worker: Worker, row: Row, code: str) -> None:
    """A run that the runner does not take ends: a runner that lives and says nothing is replaced after ten seconds."""
    guard = worker.guard
    assert guard.run(code, fresh=True).done["status"] == "ok"
    done = guard.run("1 + 1").done
    row.seen = f"{done['status']}: {done['reason']}"
    assert done["status"] == "died" and "did not start" in done["reason"]
    worker.survived(row, time.monotonic(), lost=True)


@each(FAULTS)
def test_descriptors(worker: Worker, row: Row, fault: Fault) -> None:
    worker.meet(row, fault)

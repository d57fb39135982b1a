"""Steps take Python apart around them."""

import pytest
from survival import DIED, ERROR, OK, TIMEOUT, Fault, Worker, each
from table import Row

pytestmark = pytest.mark.faults

FAULTS = {
    "print is None": Fault("import builtins\nbuiltins.print = None", OK),
    "open is None": Fault("import builtins\nbuiltins.open = None", OK),
    "len is None": Fault("import builtins\nbuiltins.len = None", DIED, "exit 1"),
    "len is None, and an exit handler that never ends": Fault(
        "import atexit, builtins, threading, time\natexit.register(time.sleep, 60)\n"
        "threading.Thread(target=time.sleep, args=(20,)).start()\nbuiltins.len = None",
        DIED,
        "exit 1",
        shows="this step broke Python or jax",
    ),
    "isinstance lies": Fault("import builtins\nbuiltins.isinstance = lambda *_: False", DIED, "exit 1"),
    "no builtins at all": Fault("import builtins\nvars(builtins).clear()", DIED, "exit 1"),
    "__import__ raises": Fault(
        "import builtins\ndef no(*_, **__): raise ImportError\nbuiltins.__import__ = no", DIED, "exit 1"
    ),
    "__build_class__ is gone": Fault("import builtins\ndel builtins.__build_class__", OK),
    "sys.modules cleared": Fault("import sys\nsys.modules.clear()", DIED, "exit 1"),
    "sys.path emptied": Fault("import sys\nsys.path[:] = []\nimport colorsys", ERROR, "colorsys"),
    "sys.meta_path emptied": Fault("import sys\nsys.meta_path[:] = []", OK),
    "sys is garbage": Fault(
        "import sys\nfor name in list(vars(sys)):\n    name[0] != '_' and setattr(sys, name, None)", DIED, "exit 1"
    ),
    "json is garbage": Fault("import json\njson.dumps = json.loads = lambda *_, **__: 'mine'", DIED, "exit 1"),
    "os is garbage": Fault("import os\nos.write = os.read = os.getpid = os.dup2 = lambda *_: 0", OK),
    "time stands still": Fault("import time\ntime.monotonic = time.perf_counter = time.time = lambda: 0.0", OK),
    "time runs backwards": Fault("import itertools, time\ntime.perf_counter = itertools.count(0, -1).__next__", OK),
    "traceback and linecache are garbage": Fault(
        "import linecache, traceback\nlinecache.getline = linecache.checkcache = traceback.format_exc = None\n1 / 0",
        DIED,
        "exit 1",
    ),
    "ast and compile are garbage": Fault("import ast, builtins\nast.parse = builtins.compile = None", DIED, "exit 1"),
    "signal.signal does nothing": Fault("import signal\nsignal.signal = lambda *_: None\nwhile True: pass", TIMEOUT),
    "threading is garbage": Fault(
        "import threading\nthreading.Thread = threading.Event = threading.get_ident = None", DIED, "exit 1"
    ),
    "a recursion limit of 60": Fault("import sys\nsys.setrecursionlimit(60)", OK),
    "no collection of garbage, and cycles": Fault(
        "import gc\ngc.disable()\nfor _ in range(200_000):\n    a = []\n    a.append(a)", OK
    ),
    "a collection after each object": Fault("import gc\ngc.set_threshold(1)\n[[] for _ in range(1000)]", OK),
    "a callback of the collector that raises": Fault(
        "import gc\ndef no(*_): raise ValueError\ngc.callbacks.append(no)", OK
    ),
    "warnings as errors": Fault("import warnings\nwarnings.simplefilter('error')\nwarnings.warn('now')", ERROR, "now"),
    "warnings cannot be shown": Fault(
        "import warnings\nwarnings.showwarning = None\nwarnings.warn('now')", ERROR, "showwarning"
    ),
    "a trace function that raises": Fault(
        "import sys\ndef no(*_): raise ValueError('traced')\nsys.settrace(no)", ERROR, "traced"
    ),
    "a trace function for ever": Fault("import sys\nsys.settrace(lambda *_: None)", OK),
    "a profile function that raises": Fault(
        "import sys\ndef no(*_): raise ValueError('profiled')\nsys.setprofile(no)", ERROR, "profiled"
    ),
    "an audit hook that forbids everything": Fault(
        "import sys\ndef no(event, _):\n    if event in ('open', 'exec', 'compile', 'import'): raise RuntimeError\n"
        "sys.addaudithook(no)",
        DIED,
        "exit 1",
    ),
    "excepthooks that raise": Fault(
        "import sys, threading\ndef no(*_): raise ValueError\n"
        "sys.excepthook = threading.excepthook = sys.unraisablehook = no\n"
        "t = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join()",
        OK,
    ),
    "a display hook that raises": Fault("import sys\nsys.displayhook = None\n7", OK, result="7"),
    "faulthandler is off, and a segfault": Fault(
        "import ctypes, faulthandler\nfaulthandler.disable()\nctypes.string_at(0)", DIED, "SIGSEGV"
    ),
    "a thread that switches every microsecond": Fault(
        "import sys, threading\nsys.setswitchinterval(1e-6)\n"
        "def spin():\n    for _ in range(10**7): pass\nthreading.Thread(target=spin, daemon=True).start()",
        OK,
    ),
    "the names of the step deleted": Fault("globals().clear()", OK),
    "the main module replaced": Fault("import sys\nsys.modules['__main__'] = None", OK),
    "the runner's own module taken apart": Fault(
        "import sys\nfor name in list(sys.modules):\n"
        "    if name.startswith('_jaxtour_worker'): vars(sys.modules[name]).clear()",
        DIED,
        "exit 1",
    ),
    "every object of the runner's writer closed": Fault(
        "import gc\nfor o in gc.get_objects():\n    if type(o).__name__ == 'Writer': o._fd = -1", DIED, "exit 1"
    ),
}


@each(FAULTS)
def test_interpreter(worker: Worker, row: Row, fault: Fault) -> None:
    worker.meet(row, fault)

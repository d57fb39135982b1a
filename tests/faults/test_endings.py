"""Steps raise, exit or crash: each is reported as what it is."""

import pytest
from survival import DIED, ERROR, INTERRUPTED, OK, Fault, Worker, each
from table import Row

pytestmark = pytest.mark.faults

STACK = "Fatal Python error"
CHAIN = """
group = ValueError("inside")
for _ in range(1000):
    group = ExceptionGroup("around", [group])
raise group
"""
CAUSES = """
first, second = ValueError("first"), ValueError("second")
first.__cause__, second.__cause__ = second, first
raise first
"""
OVERFLOW = """
import ctypes, sys
sys.setrecursionlimit(10**6)
@ctypes.CFUNCTYPE(None)
def deeper():
    deeper()
deeper()
"""
FAULTS = {
    "an exception": Fault("1 / 0", ERROR, "ZeroDivisionError: division by zero"),
    "a syntax error": Fault("def", ERROR, "SyntaxError: invalid syntax"),
    "a null byte in the source": Fault("x = '\0'", ERROR, "null bytes"),
    "tabs and spaces mixed": Fault("if 1:\n\tx = 1\n        y = 2", ERROR, "inconsistent"),
    "form feeds and a coding cookie": Fault("# -*- coding: nonsense -*-\nx = 1\n\f\n'é', x", OK, result="('é', 1)"),
    "brackets 5,000 deep": Fault("(" * 5000, ERROR, "too many nested parentheses"),
    "operators 50,000 deep": Fault("-" * 50_000 + "1", ERROR, ""),
    "an exception group": Fault("raise ExceptionGroup('two', [ValueError(1), TypeError(2)])", ERROR, "TypeError: 2"),
    "exception groups 1,000 deep": Fault(CHAIN, ERROR, "around"),
    "exceptions that cause each other": Fault(CAUSES, ERROR, "ValueError: first"),
    "a traceback of 9,000 frames": Fault(
        "import sys\nsys.setrecursionlimit(20_000)\ndef f(n): return f(n - 1) if n else 1 / 0\nf(9_000)",
        ERROR,
        "division by zero",
    ),
    "a recursion without end": Fault("def f(n): return f(n + 1)\nf(0)", ERROR, "RecursionError"),
    "an overflow of C's stack": Fault(OVERFLOW, (DIED, ERROR, OK)),
    "a message that raises": Fault(
        "class E(Exception):\n    def __str__(self): 1 / 0\nraise E", ERROR, "its text raised"
    ),
    "a message that exits": Fault(
        "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E", ERROR, "raised"
    ),
    "a message of 64 MB": Fault("raise ValueError('x' * 64_000_000)", ERROR, "ValueError: xxx"),
    "notes that are no texts": Fault("e = ValueError('e')\ne.__notes__ = [1, None, '\\ud800']\nraise e", ERROR, "e"),
    "an exception whose class has no name": Fault(
        "class M(type):\n    def __getattribute__(cls, name): raise AttributeError(name)\n"
        "class E(Exception, metaclass=M): pass\nraise E",
        ERROR,
    ),
    "sys.exit(3)": Fault("import sys\nsys.exit(3)", ERROR, "SystemExit: 3"),
    "exit()": Fault("raise SystemExit", ERROR, "SystemExit"),
    "an exit code that is no number": Fault("raise SystemExit([object()], 2**70)", ERROR, "SystemExit"),
    "GeneratorExit": Fault("raise GeneratorExit", ERROR, "GeneratorExit"),
    "KeyboardInterrupt without an interrupt": Fault("raise KeyboardInterrupt", INTERRUPTED),
    "an exception class of its own kind": Fault("class E(BaseException): pass\nraise E('e')", ERROR, "E: e"),
    "os._exit(0)": Fault("import os\nos._exit(0)", DIED, "the worker ended during the step (exit 0)"),
    "os._exit(7)": Fault("import os\nos._exit(7)", DIED, "the worker ended during the step (exit 7)"),
    "a segfault": Fault("import ctypes\nctypes.string_at(0)", DIED, "killed by SIGSEGV", shows="jaxtour:a/b"),
    "an abort": Fault("import os\nos.abort()", DIED, "killed by SIGABRT", shows="jaxtour:a/b"),
    "a division by zero in C": Fault(
        "import os, signal\nos.kill(os.getpid(), signal.SIGFPE)", DIED, "SIGFPE", shows=STACK
    ),
    "a bus error of a cut file": Fault(
        "import mmap, os, tempfile\nf = tempfile.TemporaryFile()\nf.write(b'x' * 8192)\nf.flush()\n"
        "m = mmap.mmap(f.fileno(), 8192)\nf.truncate(0)\nm[5000]",
        DIED,
        "SIGBUS",
        shows=STACK,
    ),
    "an illegal instruction": Fault(
        "import os, signal\nos.kill(os.getpid(), signal.SIGILL)", DIED, "SIGILL", shows=STACK
    ),
    "a real-time signal": Fault("import os\nos.kill(os.getpid(), 40)", DIED, "killed by signal 40"),
    "SIGKILL": Fault("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", DIED, "killed by SIGKILL"),
    "SIGKILL of its group": Fault("import os, signal\nos.killpg(0, signal.SIGKILL)", DIED, "SIGKILL"),
    "a segfault in __del__": Fault(
        "import ctypes\nclass D:\n    def __del__(self): ctypes.string_at(0)\nd = D()\ndel d",
        DIED,
        "SIGSEGV",
        shows=STACK,
    ),
    "a segfault when garbage is collected": Fault(
        "import ctypes, gc\nclass D:\n    def __del__(self): ctypes.string_at(0)\nd = D()\nd.d = d\n"
        "del d\ngc.collect()",
        DIED,
        "SIGSEGV",
    ),
    "a __del__ that raises": Fault("class D:\n    def __del__(self): 1 / 0\nD()\nNone", OK, shows="ZeroDivisionError"),
    "an exit handler that never ends": Fault("import atexit, time\natexit.register(time.sleep, 60)\nNone", OK),
    "a crash at the interpreter's end": Fault(
        "import atexit, ctypes\natexit.register(ctypes.string_at, 0)\nimport sys\nsys.exit(0)", ERROR, "SystemExit"
    ),
    "a fatal error of Python": Fault(
        "import ctypes\nctypes.pythonapi.Py_FatalError(b'over')", DIED, "SIGABRT", shows="Fatal Python error"
    ),
    "Py_Finalize in the step": Fault("import ctypes\nctypes.pythonapi.Py_FinalizeEx()", (DIED, ERROR, OK)),
}


@each(FAULTS)
def test_ending(worker: Worker, row: Row, fault: Fault) -> None:
    report = worker.meet(row, fault, keep=True)
    for event in report.named("error"):
        assert len(event["frames"]) <= 60 and len(event["message"]) < 2**17

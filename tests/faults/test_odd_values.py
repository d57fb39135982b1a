"""Steps may have a last value that lies, raises, floods or never ends when somebody looks at it."""

import pytest
from survival import DIED, ERROR, OK, TIMEOUT, Fault, Worker, each
from table import Row

from jaxtour.worker.runner.describe import TEXT_CAP

pytestmark = pytest.mark.faults

REPR = "class C:\n    def __repr__(self): {}\nC()"
TYPE = "class M(type):\n    def {}\nclass C(metaclass=M): pass\nC()"
FAULTS = {
    "a text of 64 MB": Fault("'x' * 64_000_000", OK),
    "a repr of 64 MB": Fault(REPR.format("return 'x' * 64_000_000"), OK),
    "a number of 100,000 digits": Fault("10 ** 100_000", OK),
    "a number of 100,000 digits, printed": Fault("print(10 ** 100_000)", ERROR, "4300 digits"),
    "a repr that raises": Fault(REPR.format("1 / 0"), OK, result="(its __repr__ raised ZeroDivisionError)"),
    "a repr that exits": Fault(REPR.format("raise SystemExit"), OK, result="(its __repr__ raised SystemExit)"),
    "a repr that is no text": Fault(REPR.format("return 7"), OK, result="(its __repr__ raised TypeError)"),
    "a repr that never ends": Fault(REPR.format("\n        while True: pass"), TIMEOUT, "longer than"),
    "a repr that ends the process": Fault(REPR.format("import os; os._exit(6)"), DIED, "exit 6"),
    "a repr that runs out of stack": Fault(REPR.format("return repr(self)"), (OK, DIED)),
    "a repr with half a surrogate pair": Fault(REPR.format("return '\\ud800'"), OK, result="?"),
    "a repr that prints and replaces stdout": Fault(
        REPR.format("import sys; print('loud'); sys.stdout = None; return 'quiet'"), OK, result="quiet", shows="loud"
    ),
    "a metaclass whose repr raises": Fault(TYPE.format("__repr__(cls): 1 / 0"), OK),
    "a metaclass whose attributes raise": Fault(TYPE.format("__getattribute__(cls, name): 1 / 0"), OK),
    "a class that lies about its class": Fault(
        "import jax\nclass C:\n    @property\n    def __class__(self): return jax.Array\nC()",
        OK,
        result="(it cannot be shown: it raised AttributeError)",
    ),
    "a class that raises for its class": Fault(
        "class C:\n    @property\n    def __class__(self): raise ValueError('no class')\nC()",
        OK,
        result="(it cannot be shown: it raised ValueError)",
    ),
    "attributes that raise": Fault(
        "class C:\n    def __getattribute__(self, name): raise SystemExit(name)\nC()",
        OK,
        result="(it cannot be shown: it raised SystemExit)",
    ),
    "a name of 1 MB": Fault("type('C' * 10**6, (), {})()", OK),
    "a name with half a surrogate pair": Fault("type('\\ud800', (), {})()", (OK, ERROR)),
    "keys whose equality raises": Fault(
        "class K:\n    def __hash__(self): return 1\n    def __eq__(self, other): raise ValueError('eq')\n{K(): 1}", OK
    ),
    "a dictionary of other kinds of keys": Fault("import jax.numpy as jnp\n{1: jnp.ones(2), 'a': jnp.ones(2)}", OK),
    "a list in itself": Fault("x = []\nx.append(x)\nx", OK, result="[[...]]"),
    "a list 100,000 deep": Fault("x = []\nfor _ in range(100_000): x = [x]\nx", (OK, ERROR)),
    "a list of a million": Fault("list(range(10**6))", OK),
    "a tree of 100,000 arrays": Fault("import numpy as np\n[np.zeros(1)] * 100_000", OK),
    "an iterator without end": Fault("import itertools\nitertools.count()", OK, result="count(0)"),
    "a node of a tree that raises": Fault(
        "import jax\nclass N: pass\ndef no(*_): raise ValueError('flat')\n"
        "jax.tree_util.register_pytree_node(N, no, no)\nN()",
        (OK, ERROR),
    ),
    "an array of numpy that lies": Fault(
        "import numpy as np\nclass A(np.ndarray):\n    shape = property(lambda self: 1 / 0)\nnp.zeros(3).view(A)",
        OK,
        result="(it cannot be shown: it raised ZeroDivisionError)",
    ),
    "an array of objects that raise": Fault(
        "import numpy as np\nclass C:\n    def __repr__(self): 1 / 0\na = np.empty(2, object)\na[:] = C()\na",
        OK,
        result="(it cannot be shown: it raised ZeroDivisionError)",
    ),
    "a module, a frame, a builtin": Fault("import sys\n(sys, sys._getframe(), print)", OK),
    "all of the names": Fault("globals()", OK),
    "escapes and bidirectional marks": Fault("'\\x1b]52;c;x\\x07\\u202e'", OK),
    "a warning that raises": Fault(
        "import warnings\nclass W(UserWarning):\n    def __str__(self): 1 / 0\nwarnings.warn(W())",
        ERROR,
        "ZeroDivisionError",
    ),
    "10,000 warnings": Fault("import warnings\nfor i in range(10_000): warnings.warn(str(i))", OK),
}


@each(FAULTS)
def test_value(worker: Worker, row: Row, fault: Fault) -> None:
    # A stdout that was replaced stays so for the runner's next step, as in any Python.
    report = worker.meet(row, fault, keep="sys.stdout" not in fault.code)
    for event in report.named("result"):
        assert len(event["value"]["text"]) <= TEXT_CAP and len(event["value"]["type"]) < 1000
    assert len(report.named("warning")) <= 100

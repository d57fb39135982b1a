"""Python allows some names and texts with half a surrogate pair or a null character: these run and are shown."""

import json
from pathlib import Path

from shell import jaxtour, lesson

SHADOWS = ("asyncio", "click", "grp", "msgspec", "queue", "token")
CODES = {
    "class": "class M(type):\n  __name__ = property(lambda c: 'A\\ud83d')\nclass T(metaclass=M): pass\nT()",
    "qualified": "class T: pass\nT.__qualname__ = 'A\\ud83d\\0'\nT()",
    "repr": "class R:\n  def __repr__(self): return 'a\\ud83d\\0'\nR()",
    "output": "print('a\\ud83d\\0')\n1",
    "key": "import jax.numpy as jnp\n{'k\\ud83d': jnp.ones(2), 'n\\0': 1}",
    "axis": "import jax, numpy as np\nm = jax.sharding.Mesh(np.array(jax.devices()[:1]), ('x\\ud83d\\0',))\n"
    "jax.device_put(np.ones(2), jax.sharding.NamedSharding(m, jax.sharding.PartitionSpec('x\\ud83d\\0')))",
    "docstring": "def f(): pass\nf.__doc__ = 'd\\ud83d'\nf",
    "function": "def f(): pass\nf.__name__ = f.__qualname__ = 'f\\ud83d\\0'\nf",
    "dtype": "import numpy as np\nnp.zeros(2, dtype=[('f\\ud83d', 'f4')])",
    "warning": "import warnings\nwarnings.warn('w\\ud83d\\0')\n1",
    "variable": "globals()['v\\ud83d'] = 1\n1",
    "module": "import types\ntypes.ModuleType('m\\ud83d')",
}
RAISING = {
    "message": ("raise ValueError('a\\ud83d\\0')", "ValueError"),
    "file": (
        "def f(): raise ValueError(1)\n"
        "f.__code__ = f.__code__.replace(co_name='f\\ud83d', co_filename='/x\\ud83d.py')\nf()",
        "ValueError",
    ),
    # Python itself refuses a class with such a name.
    "class": ("type('A\\ud83d', (), {})", "UnicodeEncodeError"),
}


def test_they_are_run_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    codes = [*CODES.values(), *(code for code, _ in RAISING.values())]
    path.write_text(lesson("odd", *(f"code: {json.dumps(code)}\n" for code in codes)))
    done = jaxtour("run", str(path), "--json")
    assert done.stderr == ""
    steps = json.loads(done.stdout)["steps"]
    for name, step in zip(CODES, steps, strict=False):
        assert step["status"] == "ok" and step["result"]["text"], (name, step)
    for (name, (_, raised)), step in zip(RAISING.items(), steps[len(CODES) :], strict=True):
        assert step["error"]["type"] == raised, (name, step)
    assert jaxtour("run", str(path)).stderr == ""


def test_files_in_the_current_folder_are_no_modules_of_jaxtours(tmp_path: Path) -> None:
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name}.py ran')\n")
    path = tmp_path / "one.yaml"
    path.write_text(lesson("one", "code: 1 + 1"))
    ran = jaxtour("run", "one.yaml", "--trust", "--platform", "cpu", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "") and "2" in ran.stdout.split()

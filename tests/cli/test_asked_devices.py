"""Code may set the number of CPU devices, as a script does before anything else; the worker then has them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shell import jaxtour, lesson

from jaxtour.engine.cells import asked_devices
from jaxtour.engine.wire.commands import Cell

UPDATE = "import jax\njax.config.update('jax_num_cpu_devices', 8)"
ATTRIBUTE = "import jax\njax.config.jax_num_cpu_devices = 8"
FLAGS = "import os\nos.environ['XLA_FLAGS'] = '--xla_force_host_platform_device_count=8'\nimport jax"
COUNT = "len(jax.devices()), jax.numpy.arange(8.0).sum()"


def steps_of(path: Path, *words: str) -> list[dict[str, object]]:
    done = jaxtour("run", str(path), "--json", *words)
    return [dict(step) for step in json.loads(done.stdout)["steps"]]


def step(code: str) -> str:
    return "code: |\n" + "".join(f"  {line}\n" for line in code.split("\n"))


@pytest.mark.parametrize("asks", [UPDATE, FLAGS], ids=["option", "flag"])
def test_a_step_gets_what_a_script_gets(tmp_path: Path, asks: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(lesson("own", step("import jax\n" + COUNT), step(asks + "\n" + COUNT), step(COUNT)))
    script = subprocess.run(
        [sys.executable, "-c", f"{asks}\nprint(({COUNT}))"],
        env={**os.environ, "JAX_PLATFORMS": "cpu"}, capture_output=True, text=True, timeout=150, check=True,
    )  # fmt: skip
    texts = [str(each["result"]["text"]) if each["result"] else each["error"] for each in steps_of(path)]
    assert texts[1] == texts[2] == script.stdout.strip()
    assert str(texts[0]).startswith("(1, "), "before the request it is as it was"


def test_it_is_said_and_checked_and_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(lesson("own", step(f"{UPDATE}\nlen(jax.devices())") + "expect: {value: '8'}"))
    assert "8 simulated CPU devices" in jaxtour("run", str(path)).stdout
    assert jaxtour("check", str(path)).returncode == 0
    file = tmp_path / "own.py"
    file.write_text(
        f"{UPDATE}\nimport jax.numpy as jnp\nn = len(jax.devices())\njnp.ones(n)\nf = lambda: jnp.ones(n)\nf()\n"
    )
    done = jaxtour("lens", str(file), "--call", "f()")
    assert done.returncode == 0 and "f32[8]" in done.stdout, done.stderr
    assert jaxtour("run", str(path), "--devices", "2", "--json").returncode == 0


@pytest.mark.parametrize(
    ("code", "count"),
    [
        (UPDATE, 8), (ATTRIBUTE, 8), (FLAGS, 8), ("jax.config.update('jax_num_cpu_devices', n)", None),
        ("# jax.config.update('jax_num_cpu_devices', 8)", None), ("jax.config.update('jax_enable_x64', True)", None),
        ("print('jax_num_cpu_devices', 8)", None), ("jax.config.update('jax_num_cpu_devices', 8", None),
        ("jax.config.update('jax_num_cpu_devices', 4096)", 64),
        ("config.update('jax_num_cpu_devices', 2)\njax.config.update('jax_num_cpu_devices', 8)", 2),
    ],
)  # fmt: skip
def test_what_is_a_request(code: str, count: int | None) -> None:
    assert (
        asked_devices(
            [Cell(name="a", setup="", code="1", traces=None), Cell(name="b", setup=code, code="", traces=None)]
        )
        == count
    )

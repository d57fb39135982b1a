"""`jaxtour record` runs programs with arguments, modules and packages on real workers, and stops when it should."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from recordings import TRAIN
from shell import COMMAND, jaxtour


@pytest.fixture
def train(tmp_path):
    path = tmp_path / "train.py"
    path.write_text(TRAIN)
    return path


def test_a_program_runs_with_its_arguments_and_prints_what_it_prints(train):
    ran = jaxtour("record", "train.py", "--platform", "cpu", "--", "--steps", "3", cwd=train.parent)
    assert ran.returncode == 0, ran.stderr
    output, _, listed = ran.stdout.partition("── compiled: 1 program of 1 function")
    assert output == "done 3\n\n"
    row = next(line for line in listed.splitlines() if " step " in line)
    assert "train.py:7" in row and "w:f32[4] x:f32[8,4]" in row
    assert "single operations, outside of any jit" in listed


def test_json_has_one_shape(train):
    ran = jaxtour("record", "train.py", "--json", "--platform", "cpu", "--", "--steps", "3", cwd=train.parent)
    told = json.loads(ran.stdout)
    assert set(told) == {"version", "programs", "eager", "stdout", "stopped", "missing", "error"}
    assert (told["version"], told["stdout"], told["error"]) == (1, "done 3\n", None)
    (program,) = told["programs"]
    wanted = {
        "function", "file", "line", "called_at", "compiled_at", "calls", "function_calls", "at_least", "compiles",
        "avals", "arg_names", "results", "donated", "shardings", "static", "reason", "trace_s", "lower_s",
        "compile_s", "call_s", "run_s", "first_run_s",
    }  # fmt: skip
    assert set(program) == wanted
    assert (program["function"], program["line"], program["run_s"]) == ("step", 7, None)
    assert set(told["eager"][0]) == {"file", "line", "primitive", "count", "seconds", "compile_s"}


def test_run_times_are_figures_on_request(train):
    options = ("--run-times", "--json", "--platform", "cpu")
    ran = jaxtour("record", "train.py", *options, "--", "--steps", "3", cwd=train.parent)
    (program,) = json.loads(ran.stdout)["programs"]
    assert program["calls"] == program["function_calls"] == 3 and program["run_s"] > 0


def test_what_a_program_says_of_its_arguments_is_seen(train):
    ran = jaxtour("record", "train.py", cwd=train.parent)
    assert ran.returncode == 1
    assert "the following arguments are required: --steps" in ran.stderr
    assert ran.stderr.splitlines()[-1] == "jaxtour: train.py:20:10: SystemExit: 2"


def test_an_exception_late_in_the_file_ends_the_recording_not_the_list(tmp_path):
    (tmp_path / "late.py").write_text(
        "import jax, jax.numpy as jnp\nf = jax.jit(lambda x: x + 1)\nf(jnp.ones(2))\nimport not_there\n"
    )
    ran = jaxtour("record", "late.py", cwd=tmp_path)
    assert ran.returncode == 1
    assert "compiled: 1 program of 1 function" in ran.stdout
    assert ran.stderr.splitlines()[-1] == "jaxtour: late.py:4:1: ModuleNotFoundError: No module named 'not_there'"
    told = json.loads(jaxtour("record", "late.py", "--json", cwd=tmp_path).stdout)
    assert told["error"]["type"] == "ModuleNotFoundError" and told["error"]["line"] == 4
    assert len(told["programs"]) == 1


def test_warnings_are_printed_like_pythons_with_their_places(tmp_path):
    (tmp_path / "helper.py").write_text("import warnings\ndef old():\n    warnings.warn('inside')\n")
    (tmp_path / "warns.py").write_text(
        "import warnings, jax.numpy as jnp\nfrom helper import old\nold()\n"
        "warnings.warn('two\\nlines', DeprecationWarning)\njnp.ones(3, 'float64')\n"
    )
    ran = jaxtour("record", "warns.py", "--platform", "cpu", cwd=tmp_path)
    assert ran.returncode == 0
    inside, two, lines, double = ran.stderr.splitlines()
    assert inside == f"{tmp_path}/helper.py:3: UserWarning: inside"
    assert (two, lines) == ("warns.py:4: DeprecationWarning: two", "lines")
    assert double.startswith("warns.py:5: UserWarning: Explicitly requested dtype float64")


def test_a_program_that_raises_while_jax_traces_it_shows_how_it_got_there_and_what_to_read(tmp_path):
    (tmp_path / "branch.py").write_text(
        "import jax\n@jax.jit\ndef f(x):\n    if x > 0:\n        return x\ndef main():\n    f(1.0)\nmain()\n"
    )
    ran = jaxtour("record", "branch.py", "--platform", "cpu", cwd=tmp_path)
    assert ran.returncode == 1
    assert "nothing: the program raised before JAX compiled a function" in ran.stdout
    *told, last = ran.stderr.splitlines()
    assert last.startswith("jaxtour: branch.py:4:8: TracerBoolConversionError: Attempted boolean conversion")
    assert "it depends on the value of the argument x." in " ".join(told)
    assert [line.split("  ")[0] for line in told if line.startswith("line ")] == ["line 8", "line 7", "line 4"]


def test_colours_are_those_of_the_stream_that_shows_them(tmp_path):
    (tmp_path / "fails.py").write_text("1 / 0\n")
    terminal, stdout = pty.openpty()
    ran = subprocess.run(
        [*COMMAND, "record", "fails.py", "--platform", "cpu"], stdout=stdout, stderr=subprocess.PIPE,
        text=True, cwd=tmp_path, env=os.environ | {"TERM": "xterm", "NO_COLOR": ""}, timeout=150,
    )  # fmt: skip
    os.close(stdout)
    os.close(terminal)
    assert ran.stderr.startswith("ZeroDivisionError  division by zero\n\nline 1   1 / 0\n")


def test_each_error_of_a_group_has_its_own_lines(tmp_path):
    (tmp_path / "tasks.py").write_text(
        "import asyncio, jax, jax.numpy as jnp\n"
        "f = jax.jit(lambda x, y: x @ y)\n"
        "async def task(n):\n    return f(jnp.ones(3), jnp.ones(n))\n"
        "async def main():\n    async with asyncio.TaskGroup() as group:\n"
        "        for n in (3, 4, 5):\n            group.create_task(task(n))\n"
        "asyncio.run(main())\n"
    )
    ran = jaxtour("record", "tasks.py", "--platform", "cpu", cwd=tmp_path)
    *told, last = ran.stderr.splitlines()
    # Python 3.11 names the whole statement, newer ones the call.
    assert re.match(r"jaxtour: tasks\.py:6:(5|16): ExceptionGroup: unhandled errors in a TaskGroup", last)
    places = [line.split("  ")[0] for line in told if line.startswith("line ")]
    assert places == ["line 9", "line 6", *["line 4", "line 2"] * 2]
    assert [line[:17] for line in told if " of 2" in line] == ["1 of 2  TypeError", "2 of 2  TypeError"]
    error = json.loads(jaxtour("record", "tasks.py", "--json", cwd=tmp_path).stdout)["error"]
    assert error["line"] == 6 and [(each["type"], each["line"]) for each in error["inner"]] == [("TypeError", 2)] * 2


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "src" / "ours"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "layers.py").write_text("def dense(w, x):\n    return w @ x\n")
    (folder / "train.py").write_text(
        "import sys\nimport jax, jax.numpy as jnp\nfrom .layers import dense\n"
        "loss = jax.jit(lambda w, x: dense(w, x).sum())\n"
        "if __name__ == '__main__':\n    print(loss(jnp.ones((3, 3)), jnp.ones(3)), sys.argv[1:])\n"
    )
    return tmp_path


def test_a_module_of_a_package_by_its_name_and_a_relative_pythonpath(package):
    ran = jaxtour("record", "-m", "ours.train", "--", "--steps", "3", cwd=package, PYTHONPATH=_path("src"))
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("9.0 ['--steps', '3']\n")
    assert "compiled: 1 program" in ran.stdout


def test_a_module_of_a_package_by_its_file(package):
    ran = jaxtour("record", "src/ours/train.py", cwd=package)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("9.0 []\n")


def test_a_script_in_a_folder_that_is_called_as_an_installed_package_runs_as_under_python(tmp_path):
    (folder := tmp_path / "numpy" / "own").mkdir(parents=True)
    for each in (folder, folder.parent):
        (each / "__init__.py").write_text("")
    (folder / "train.py").write_text("import numpy\nprint(__package__, numpy.add(1, 2))\n")
    ran = jaxtour("record", "train.py", cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("None 3\n")


def _path(*entries):
    """Return a PYTHONPATH with these entries, and where jaxtour itself is."""
    return ":".join([*entries, *(entry for entry in sys.path if Path(entry, "jaxtour").is_dir())])


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("nowhere.py",), "nowhere.py: no such file"),
        (("-m", "no.such"), "-m no.such: no such module here or along PYTHONPATH"),
        (("-m", "1bad"), "-m 1bad: not a module's name"),
        ((), "name a Python file, or a module"),
        (("train.py", "--stop-after", "soon"), "--stop-after soon: write a number of compilations"),
        (("train.py", "--stop-after", "0"), "--stop-after 0: write a number"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_line(train, args, told):
    ran = jaxtour("record", *args, cwd=train.parent)
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1 and told in ran.stderr
    assert "Traceback" not in ran.stderr


def test_it_stops_after_so_many_compilations(train):
    ran = jaxtour("record", "train.py", "--stop-after", "1", "--", "--steps", "1000000", cwd=train.parent)
    assert ran.returncode == 0, ran.stderr
    assert "stopped after 1 compilation" in ran.stdout


def test_ctrl_c_stops_the_program_and_not_the_list(tmp_path):
    (tmp_path / "endless.py").write_text(
        "import time, jax, jax.numpy as jnp\njax.jit(lambda x: x + 1)(jnp.ones(2))\nprint('there', flush=True)\n"
        "while True:\n    time.sleep(0.01)\n"
    )
    command = [sys.executable, "-m", "jaxtour", "record", "endless.py"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as ran:
        assert ran.stdout is not None
        assert ran.stdout.readline() == "there\n"
        ran.send_signal(signal.SIGINT)
        output, errors = ran.communicate(timeout=150)
    assert ran.returncode == 130
    assert "compiled: 1 program of 1 function" in output
    assert "Traceback" not in errors

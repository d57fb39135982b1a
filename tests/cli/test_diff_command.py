"""`jaxtour diff` compares the calls of a user's files, with real workers."""

import json
import math
import os
import subprocess
from pathlib import Path

import pytest
from inside import REAL, Done, Recording, command

import jaxtour.commands.diff

FILE = """\
import jax
import jax.numpy as jnp

x = jnp.linspace(0.0, 1.0, 4096)


@jax.jit
def one(x):
    return jnp.sin(x) * 2.0


@jax.jit
def other(x):
    for _ in range(300):
        x = jnp.sin(x) * 2.0
    return {"y": x, "n": jnp.int32(3)}


@jax.jit
def half(x):
    return jnp.sin(x.astype(jnp.bfloat16)) * 2


@jax.jit
def barred(x):
    return jax.lax.optimization_barrier(jnp.sin(x)) * 2.0


def give(x):
    return x * 2.0


given = jax.jit(give, donate_argnums=0)
"""
BRIEF = ("--patience", "0.1", "--platform", "cpu")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ml.py"
    path.write_text(FILE)
    return path


def diff(file: Path, *words: str) -> Done:
    return command("diff", *BRIEF, *words, cwd=file.parent, engine=REAL)


def calls(file: Path, a: str, b: str, *words: str) -> Done:
    return diff(file, file.name, "--call", a, "--call", b, *words)


def git(folder: Path, *words: str) -> None:
    names = {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env=os.environ | names)


def test_json_has_exactly_the_promised_fields_and_the_slower_call_is_slower(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jaxtour.commands.diff, "BUDGET_S", math.inf)  # as many rounds are replayed as were measured
    worker = Recording()
    limits = (word for limit in ("time>1.5", "sine>1", "peak<1") for word in ("--fail-if", limit))
    words = ("diff", *BRIEF, file.name, "--call", "one(x)", "--call", "other(x)", "--json", *limits)
    real = json.loads(command(*words, cwd=file.parent, engine=worker.first).stdout)
    assert 0 < real["time"]["low"] <= real["time"]["ratio"] <= real["time"]["high"]
    assert all(seconds > 0 for seconds in real["compile_s"])
    done = command(*words, cwd=file.parent, engine=worker.timed({"one(x)": 1e-3, "other(x)": 3e-3}))
    found = json.loads(done.stdout)
    assert {**found, "time": 0, "compile_s": 0} == {**real, "time": 0, "compile_s": 0}
    assert set(found) == {
        "version", "equal", "max_ulp", "equations", "instructions", "flops", "bytes", "peak_bytes", "compile_s", "time",
    }  # fmt: skip
    assert found["version"] == 1 and found["equal"] is False and found["max_ulp"] is None
    assert set(found["equations"]) == {"added", "removed", "changed"}
    assert len(found["equations"]["added"]) >= 598 and not found["equations"]["removed"]
    assert set(found["instructions"]) == {"added", "removed"}
    assert all(set(each) == {"name", "opcode", "type", "spans"} for each in found["instructions"]["added"])
    assert all(len(found[name]) == 2 and found[name][0] < found[name][1] for name in ("flops", "peak_bytes"))
    assert found["compile_s"] == [1e-3, 3e-3]
    assert found["time"] == {"ratio": pytest.approx(3), "low": pytest.approx(3), "high": pytest.approx(3),
                             "verdict": "slower"}  # fmt: skip
    time, sines = done.stderr.splitlines()
    assert time.startswith("jaxtour: time>1.5: B takes") and sines.startswith("jaxtour: sine>1: B has 300 sine")
    assert done.returncode == 1


def test_a_call_against_itself_is_equal_in_all_but_time(file: Path) -> None:
    words = [word for name in ("peak", "flops", "bytes", "equations") for word in ("--fail-if", f"{name}>1")]
    done = calls(file, "one(x)", "one(x)", "--json", *words)
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert found["equal"] is True and found["max_ulp"] == 0
    assert found["equations"] == {"added": [], "removed": [], "changed": []}
    assert found["instructions"] == {"added": [], "removed": []}
    assert found["time"]["low"] <= found["time"]["ratio"] <= found["time"]["high"]


def test_the_text_says_it_in_a_sentence_first(file: Path) -> None:
    done = calls(file, "one(x)", "half(x)")
    text = " ".join(done.stdout.split())
    assert done.returncode == 0 and "the results have other dtypes;" in text.partition(" A one(x)")[0]
    assert "result bfloat16[4096] was f32[4096] differs by" in text
    assert "+ b:bf16[4096] = convert_element_type" in text or "convert_element_type[new_dtype=bfloat16]" in text


def test_a_barrier_splits_a_fusion_and_its_source_is_told(file: Path) -> None:
    done = calls(file, "one(x)", "barred(x)", "--json")
    found = json.loads(done.stdout)
    assert found["equal"] is True
    [barrier] = found["equations"]["added"]
    [span] = barrier["spans"]
    assert barrier["primitive"] == "optimization_barrier"
    assert (span["file"], span["line"]) == (str(file), FILE.split("\n").index(
        "    return jax.lax.optimization_barrier(jnp.sin(x)) * 2.0") + 1)  # fmt: skip
    text = calls(file, "one(x)", "barred(x)").stdout
    assert "+    " in text and "optimization_barrier" in text and "1 added" in text


def test_a_donated_input_is_not_lost(file: Path) -> None:
    done = calls(file, "give(x)", "given(x)", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["equal"] is True


def test_shapes_without_data_are_compiled_and_not_run(file: Path) -> None:
    done = calls(file, "one(S(8))", "other(S(8))", "--json", "--fail-if", "equations<1")
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert found["time"] is None and found["equal"] is None and found["compile_s"] == [None, None]
    assert found["flops"][1] > found["flops"][0] > 0


def test_a_file_at_a_revision_has_its_neighbours_and_leaves_nothing(
    file: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    folder = file.parent
    (folder / "helper.py").write_text("import jax.numpy as jnp\n\n\ndef act(x):\n    return jnp.tanh(x)\n")
    file.write_text(
        "import jax\nimport jax.numpy as jnp\nfrom helper import act\n\n\n@jax.jit\ndef f(x):\n    return act(x) + 1\n"
    )
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    (folder / "helper.py").write_text("import jax.numpy as jnp\n\n\ndef act(x):\n    return jnp.sin(x)\n")
    file.write_text("# a line more\n\n" + file.read_text())
    before = sorted(folder.iterdir())
    done = diff(file, "ml.py@HEAD", "ml.py", "--call", "f(jnp.ones(3))", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    names = {kind: [each["primitive"] for each in rows] for kind, rows in found["equations"].items()}
    assert names == {"added": ["sin"], "removed": ["tanh"], "changed": ["add"]}
    assert found["equal"] is False and found["max_ulp"] > 0
    assert sorted(folder.iterdir()) == before and not list(scratch.iterdir())


PROGRAM = """\
import sys
import jax
import jax.numpy as jnp


@jax.jit
def step(w):
    return POWER(w)


def main(size):
    for _ in range(3):
        step(jnp.linspace(0.1, 1.0, size))
    step(jnp.ones(2))
    print("not compared")


if __name__ == "__main__":
    main(int(sys.argv[1]))
"""


def test_what_two_programs_compile_is_compared_with_their_own_inputs(file: Path) -> None:
    for name, power in (("a.py", "jnp.sqrt"), ("b.py", "jnp.square")):
        (file.parent / name).write_text(PROGRAM.replace("POWER", power))
    done = command("diff", "a.py", "b.py", "--at", "step", "--json", *BRIEF, "--", "7", cwd=file.parent, engine=REAL)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["equal"] is False and found["time"] is not None
    names = {kind: [each["primitive"] for each in rows] for kind, rows in found["equations"].items()}
    assert names == {"added": ["square"], "removed": ["sqrt"], "changed": []}
    said = "step was compiled for 2 kinds of inputs; comparing f32[7]"
    assert done.stderr == f"jaxtour: a.py: {said}\njaxtour: b.py: {said}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ml.py", "--call", "one(x)"], "nothing to compare with"),
        (["ml.py", "a.py", "b.py"], "diff compares two: you named 3 files"),
        (["ml.py", "--call", "one(x)", "--call", "half(x)", "--fail-if", "time>"], "--fail-if time>: write a figure"),
        (["ml.py", "--call", "one(x)", "--call", "half(x)", "--fail-if", "tme>1"], "did you mean time?"),
        (["ml.py", "--call", "one(x)", "--call", " "], "--call is empty"),
        (["ml.py@HEAD", "ml.py", "--call", "one(x)"], "ml.py: git: not a git repository"),
        (["ml.py", "--at", "one"], "nothing to compare with: name a second --call or --at"),
        (["ml.py", "ml.py", "--at", "one", "--call", "one(x)"], "--at compares recorded programs"),
        (["ml.py", "ml.py", "--", "3"], "arguments after -- go to a program: name what to compare"),
        (["ml.py@", "ml.py", "--call", "one(x)"], "ml.py@: name a revision after @, as in ml.py@HEAD~1"),
        (["none.py", "ml.py", "--call", "one(x)"], "none.py: no such file"),
    ],
)
def test_bad_words_end_in_one_line_before_any_worker_starts(file: Path, words: list[str], said: str) -> None:
    done = command("diff", *words, cwd=file.parent, GIT_CEILING_DIRECTORIES=str(file.parent.parent))
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


def test_a_call_that_fails_says_where(file: Path) -> None:
    done = calls(file, "one(x)", "missing(x)")
    assert done.returncode == 1 and done.stderr == "jaxtour: missing(x): NameError: name 'missing' is not defined\n"


def test_of_several_calls_in_a_file_one_must_be_named(file: Path) -> None:
    (file.parent / "two.py").write_text(f"{FILE}one(x)\nhalf(x)\n")
    done = diff(file, "two.py", "ml.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "jaxtour: two.py makes several calls: name one, as in --call 'one(x)'\n"

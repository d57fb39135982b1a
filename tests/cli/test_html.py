"""`--html` writes a page instead of printing, or says clearly why not."""

import json
import re
from pathlib import Path

import pytest
from inside import REAL, command
from shell import lesson

FILE = """\
import jax
import jax.numpy as jnp


@jax.jit
def f(x):
    return jnp.tanh(x @ x).sum()


f(jnp.ones((4, 4)))
"""


def data_of(path):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text("utf-8"), re.S)
    return json.loads(found[1])


def stages_of(call):
    return {stage["name"]: stage for stage in call["stages"]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ml.py"
    path.write_text(FILE)
    return path


def test_lens_writes_all_stages_with_their_links(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = command("lens", str(file), "--html", str(page), "--platform", "cpu", engine=REAL)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"wrote {page}\n", "")
    text = page.read_text("utf-8")
    [call] = data_of(page)["calls"]
    assert call["files"][0]["text"] + "\n" == FILE and call["files"][0]["name"] == "ml.py"
    stages = stages_of(call)
    assert "tanh" in stages["jaxpr"]["text"] and "stablehlo.tanh" in stages["StableHLO"]["text"]
    assert "ENTRY" in stages["HLO"]["text"] and {place[1] for place in call["places"]} >= {7, 10}
    assert "<h2>Memory</h2>" in text and "<h2>Cost" in text and "<h2>Time</h2>" not in text
    assert re.search(r"jax \d+\.\d+.*Python 3\.\d+.*CPU", text), "it says what it was made with"


def test_profile_writes_the_time_too_and_json_still_goes_to_stdout(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    brief = ("--patience", "0.1", "--platform", "cpu")
    done = command("profile", str(file), "--call", "f(x=jnp.ones((64, 64)))", "--json", "--html", str(page), *brief,
                   engine=REAL)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["wall_s"] > 0
    [call] = data_of(page)["calls"]
    assert "6" in call["files"][0]["time"] and stages_of(call)["HLO"]["time"]
    assert "<h2>Time</h2>" in page.read_text("utf-8")


def test_run_writes_every_step_with_what_it_showed(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    steps = ("code: |\n  import jax.numpy as jnp\n  def f(x): return x * 2\n  f(jnp.ones(3))", "code: print('<b>')")
    path.write_text(lesson("own", *steps))
    page = tmp_path / "page.html"
    done = command("run", str(path), "--html", str(page), "--platform", "cpu", engine=REAL)
    assert (done.returncode, done.stdout) == (0, f"wrote {page}\n"), done.stderr
    one, two = data_of(page)["calls"]
    assert "mul" in stages_of(one)["jaxpr"]["text"] and stages_of(one)["HLO"]["text"]
    assert two["stages"] == [] and two["files"][0]["text"] == "print('<b>')"
    text = page.read_text("utf-8")
    assert "&lt;b&gt;" in text and "<b>" not in text.partition("<main>")[2].partition("</main>")[0]
    assert "<option>s1  Step 1: f(jnp.ones(3))</option><option>s2  Step 2</option>" in text


def test_diff_writes_both_sides_and_what_differs(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    calls = ("--call", "f(jnp.ones((4, 4)))", "--call", "f(jnp.ones((8, 8)))")
    done = command(
        "diff", str(file), *calls, "--html", str(page), "--patience", "0.1", "--platform", "cpu", engine=REAL
    )
    assert (done.returncode, done.stdout) == (0, f"wrote {page}\n"), done.stderr
    a, b = data_of(page)["calls"]
    assert "f32[4,4]" in stages_of(a)["HLO"]["text"] and "f32[8,8]" in stages_of(b)["HLO"]["text"]
    assert "tensor<8x8xf32>" in stages_of(b)["StableHLO"]["text"]
    text = page.read_text("utf-8")
    assert text.count("<h2>A and B</h2>") == 2 and "<option>A  f(jnp.ones((4, 4)))" in text


@pytest.mark.parametrize(
    ("name", "why"),
    [("page.txt", "name a file that ends in .html"), ("none/page.html", "no folder "), ("a.html", "this is a folder")],
)
def test_a_page_that_cannot_be_written_is_said_before_anything_runs(
    file: Path, tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "a.html").mkdir()
    for words in (("lens", str(file)), ("profile", str(file)), ("diff", str(file), str(file)), ("run", "vmap")):
        done = command(*words, "--html", str(tmp_path / name))
        assert (done.returncode, done.stdout) == (2, "")
        assert why in done.stderr and done.stderr.count("\n") == 1


def test_a_stage_that_fails_is_said_on_the_page(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    calls = ("--call", "f(jnp.ones((4, 4)))", "--call", "f(jnp.ones(3, 3))")
    done = command("lens", str(file), *calls, "--html", str(page), "--platform", "cpu", engine=REAL)
    assert done.returncode == 1 and "TypeError" in done.stderr
    good, bad = data_of(page)["calls"]
    assert stages_of(good)["HLO"]["text"] and "error" in stages_of(bad)["HLO"]

"""The wheel contains the lessons and works without a checkout; its contents are checked without building it."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.plugin.interface import BuilderInterface
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]


def planned(builder: BuilderInterface[Any, Any]) -> set[str]:
    """Return the files that a build would include, by their names in the archive."""
    data = builder.get_default_build_data()
    builder.set_build_data_defaults(data)
    with builder.config.set_build_data(data):
        return {Path(each.distribution_path).as_posix() for each in builder.recurse_included_files()}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=150,
    )
    return out


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with jaxtour from the wheel and the dependencies of this one."""
    site = tmp_path_factory.mktemp("site")
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return os.environ | {"PYTHONPATH": str(site)}


def holds_lessons_and_data(names: set[str]) -> None:
    lessons = {Path(name).name for name in names if name.startswith("jaxtour/lessons/")}
    assert lessons == {path.name for path in (ROOT / "lessons").glob("*.yaml")}
    assert len(lessons) >= 8
    for kind in ("*.tcss", "*.toml", "page.html", "page.css", "*.js"):
        found = {path.relative_to(ROOT).as_posix() for path in (ROOT / "jaxtour").rglob(kind)}
        assert found and found <= names, kind
    assert not [name for name in names if name.startswith("tests/")]


def holds_what_the_tests_need(names: set[str]) -> None:
    needed = {"pyproject.toml", "Makefile", "constraints.txt", "lessons/05-vmap.yaml", "tests/cli/test_packaging.py"}
    assert needed <= names


def test_lessons_and_data_go_into_the_wheel() -> None:
    holds_lessons_and_data(planned(WheelBuilder(str(ROOT))))


def test_what_the_tests_need_goes_into_the_sdist() -> None:
    holds_what_the_tests_need(planned(SdistBuilder(str(ROOT))))


@pytest.mark.conformance
def test_the_wheel_holds_lessons_and_data(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        holds_lessons_and_data(set(archive.namelist()))


@pytest.mark.conformance
def test_the_sdist_holds_what_the_tests_need(dist: Path) -> None:
    [sdist] = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        holds_what_the_tests_need({name.split("/", 1)[-1] for name in archive.getnames()})


@pytest.mark.conformance
def test_the_installed_wheel_runs_a_lesson(installed: dict[str, str], tmp_path: Path) -> None:
    where = "import jaxtour, jaxtour.paths; print(jaxtour.__file__); print(jaxtour.paths.lessons_dir())"
    found = subprocess.run(
        [sys.executable, "-c", where], env=installed, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert all(line.startswith(installed["PYTHONPATH"]) for line in found)
    done = subprocess.run(
        [sys.executable, "-c", "from jaxtour.cli import main; main()", "run", "vmap"],
        env=installed,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "dot_general" in done.stdout

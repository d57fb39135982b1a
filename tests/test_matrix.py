"""Which Pythons `make` finds, and what `make matrix` says of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import matrix

ROOT = Path(__file__).parents[1]


def found(path: str, home: Path) -> list[tuple[str, str]]:
    """Version and path of each that `tools/pythons.sh` prints."""
    env = {"PATH": f"{path}:/usr/bin:/bin", "HOME": str(home)}
    done = subprocess.run(
        ["sh", "tools/pythons.sh"], cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=60
    )
    return [(version, python) for version, _, python in (line.partition("\t") for line in done.stdout.splitlines())]


@pytest.fixture
def shims(tmp_path: Path) -> Path:
    """A folder whose `python3.14` is a shim of a version that is not there, as pyenv makes them."""
    shim = tmp_path / "bin" / "python3.14"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.14: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    return shim.parent


def test_a_name_that_does_not_run_is_passed_over(shims: Path, tmp_path: Path) -> None:
    (shims / "python3.12").symlink_to(sys.executable)
    pythons = found(str(shims), tmp_path)
    own = "{}.{}.{}".format(*sys.version_info)
    assert own in dict(pythons) and not any(version.startswith("3.14") for version, _ in pythons)


def test_versions_that_pyenv_has_are_found_and_the_newest_is_first(shims: Path, tmp_path: Path) -> None:
    installed = tmp_path / ".pyenv" / "versions" / "any" / "bin"
    installed.mkdir(parents=True)
    (installed / "python3").symlink_to(sys.executable)
    pythons = found(str(shims), tmp_path)
    minors = [int(version.split(".")[1]) for version, _ in pythons]
    assert sys.version_info[1] in minors and minors == sorted(set(minors), reverse=True)
    for version, path in pythons:
        done = subprocess.run([path, "-c", "import ensurepip, sys; print(sys.version)"], capture_output=True, text=True)
        assert done.stdout.startswith(version)


def test_a_row_says_what_pytest_counted(tmp_path: Path) -> None:
    report = tmp_path / "test.xml"
    report.write_text(
        '<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1"/></testsuites>', encoding="utf-8"
    )
    assert matrix.counts(report) == "2 passed, 2 failed, 1 skipped"


def test_a_python_that_is_not_here_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert matrix.main(["2.7"]) == 2
    assert capsys.readouterr().err == "matrix: found no Python 2.7: see tools/pythons.sh\n"

"""`make` finds these Pythons, and `make matrix` reports on them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import matrix

ROOT = Path(__file__).parents[1]


def found(path: str, home: Path) -> list[tuple[str, str]]:
    """Return version and path of each Python that `tools/pythons.sh` prints."""
    env = {"PATH": f"{path}:/usr/bin:/bin", "HOME": str(home)}
    done = subprocess.run(
        ["sh", "tools/pythons.sh"], cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=150
    )
    return [(version, python) for version, _, python in (line.partition("\t") for line in done.stdout.splitlines())]


@pytest.fixture
def shims(tmp_path: Path) -> Path:
    """Make a folder whose `python3.14` is a shim of a version that is not installed, as pyenv makes them."""
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


MAKE = """\
#!/bin/sh
echo "made $1"
case "$*" in
.venv-3.12/*) exit 2 ;;
test*) exit 2 ;;
conformance*) echo '<testsuite tests="0" failures="0" errors="0" skipped="0"/>' > "${PYTEST_ADDOPTS#*=}"; exit 2 ;;
esac
"""
"""It makes no environment with 3.12; elsewhere the tests fail, and none of the conformance tests was chosen."""


@pytest.mark.parametrize("chosen", [True, False])
def test_rows_that_fail_name_their_logs(
    chosen: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "make").write_text(MAKE)
    (tmp_path / "make").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("TESTS", "tests/some" if chosen else "")
    monkeypatch.setattr(matrix, "pythons", lambda: {"3.11": "/python3.11", "3.12": "/python3.12"})
    assert matrix.main([]) == 1
    out, error = (each.decode() for each in capfdbinary.readouterr())
    rows = [line.split("  ") for line in out.partition("python  jax")[2].splitlines()[1:]]
    told = [(row[0].strip(), *[cell.strip() for cell in row[1:] if cell.strip()][1:3]) for row in rows]
    assert told == [
        ("3.11", "check", "clean"),
        ("3.11", "test", "exit code 2"),
        ("3.11", "conformance", "no tests"),
        *(("3.12", target, "not installed") for target in matrix.TARGETS),
    ]
    failed = ["test on Python 3.11", *([] if chosen else ["conformance on Python 3.11"])]
    failed += [f"{target} on Python 3.12" for target in matrix.TARGETS]
    logs = [f".venv-{row.rpartition(' ')[2]}/{row.partition(' ')[0]}.log" for row in failed]
    assert error == "".join(f"failed: {row}: see {log}\n" for row, log in zip(failed, logs, strict=True))
    assert Path(logs[0]).read_text() == "made .venv-3.11/.dev\nmade test\n"

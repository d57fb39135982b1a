"""The worker's Python can be named in every way."""

import sys
from pathlib import Path

import pytest
from inside import REAL, command

from jaxtour.commands.common import interpreter
from jaxtour.course.model import CourseError


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment in `venv`, two folders away from the working folder."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    return python


def test_a_path_holds_in_every_folder_and_stays_a_link(env: Path) -> None:
    for named in ("venv", "venv/", "./venv", "venv/bin/python", str(env), str(env.parent.parent)):
        assert interpreter(named) == str(env)


def test_a_name_is_looked_up_on_the_path(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(env.parent))
    assert interpreter("python") == str(env)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("", "no program ''"),
        ("no-such-python", "no program 'no-such-python' on PATH"),
        ("~nobody-has-this-name/bin/python", "~nobody-has-this-name/bin/python: no such user"),
        ("no/such/python", "no/such/python: no such file"),
        (".", ".: this folder has no bin/python"),
    ],
)
def test_what_is_no_python(env: Path, named: str, message: str) -> None:
    with pytest.raises(CourseError) as error:
        interpreter(named)
    assert str(error.value).startswith(message) and str(error.value).count(":") >= 1


def test_the_settings_are_named_where_they_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "jaxtour").mkdir()
    (tmp_path / "jaxtour" / "settings.toml").write_text('python = "/no/such/python"')
    done = command("devices", XDG_CONFIG_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("jaxtour: python in settings.toml: /no/such/python: no such file")


@pytest.mark.parametrize("program", ["/bin/ls", "/bin/false"])
def test_a_program_that_is_no_python_is_told_at_once(program: str) -> None:
    done = command("devices", "--python", program, engine=REAL)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert f"{program} does not run the worker (exit " in done.stderr and "3.11 or newer" in done.stderr

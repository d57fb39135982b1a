from pathlib import Path

import pytest

import jaxtour
from jaxtour import paths
from jaxtour.settings import Settings, load


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "settings.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_without_a_file_everything_is_at_its_default(tmp_path):
    assert load(tmp_path / "none.toml") == (Settings(), [])


def test_all_settings(write):
    path = write("""
        theme = "light"
        mouse = false
        python = "~/venv/bin/python"
        platform = "tpu"
        [keys]
        run = "r,f5"
        quit = "Q"
    """)
    settings, problems = load(path)
    assert problems == []
    assert settings == Settings(
        theme="light",
        mouse=False,
        python=str(Path.home() / "venv/bin/python"),
        platform="tpu",
        keys={"run": "r,f5", "quit": "Q"},
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('thme = "x"\n', "unknown setting 'thme': did you mean 'theme'?"),
        ("zzz = 1\n", "unknown setting 'zzz': choose from theme, mouse, python, platform, worker, keys"),
        ("theme = 3\n", "theme: expected text, got int"),
        ('mouse = "no"\n', "mouse: expected true or false, got text"),
        ('platform = "npu"\n', "platform: must be cpu, gpu or tpu"),
        ("keys = 3\n", "keys: expected object, got int"),
        ("[keys]\nrun = ['r']\n", 'keys.run: must be text, like "r,f5"'),
        ("theme = light\n", "not TOML: Invalid value (at line 1, column 9)"),
        ("theme =", "not TOML"),
        (b"theme = '\xff'\n", "not UTF-8"),
        ("x = " + "[" * 100_000, "not TOML"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_mistake_costs_one_setting_and_a_message(write, content, message):
    path = write(content)
    settings, problems = load(path)
    assert settings == Settings()
    [problem] = problems
    assert problem.startswith(f"{path}: ") and message in problem and "\n" not in problem


def test_the_other_settings_hold(write):
    settings, problems = load(write('theme = 3\nmouse = false\n[keys]\nrun = "x"\nnext = 1\n'))
    assert (settings.mouse, settings.keys, len(problems)) == (False, {"run": "x"}, 2)


def test_a_file_of_windows_is_read(write):
    assert load(write(b"\xef\xbb\xbfmouse = false\r\n")) == (Settings(mouse=False), [])


def test_a_folder_in_its_place_is_a_message(tmp_path):
    settings, problems = load(tmp_path)
    assert settings == Settings() and "cannot be read: Is a directory" in problems[0]


def test_directories_follow_xdg(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert paths.config_dir() == tmp_path / "config" / "jaxtour"
    assert paths.state_dir() == tmp_path / "state" / "jaxtour"
    assert not (tmp_path / "config").exists()
    paths.config_dir().mkdir(parents=True)
    (paths.config_dir() / "settings.toml").write_text('theme = "ansi"')
    assert load()[0].theme == "ansi"


def test_lessons_lie_in_the_package_or_beside_it(monkeypatch, tmp_path):
    package = Path(jaxtour.__file__).parent
    assert paths.lessons_dir() == package.parent / "lessons"
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "jaxtour" / "paths.py"))
    (tmp_path / "jaxtour" / "lessons").mkdir(parents=True)
    (tmp_path / "lessons").mkdir()
    assert paths.lessons_dir() == tmp_path / "jaxtour" / "lessons"

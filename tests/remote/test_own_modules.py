"""A program is sent the modules that it imports from its own folder, and uses them there."""

import base64
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jaxtour.engine.guards.own_modules as own_modules
from jaxtour.course.model import Launch
from jaxtour.engine.guards.connection import EngineError
from jaxtour.engine.guards.own_modules import OwnModules, imports
from jaxtour.engine.guards.remote import Pictures
from jaxtour.engine.wire.commands import Cell, NotebookMode, Run
from jaxtour.engine.wire.messages import Figure
from jaxtour.text import Raw, harmless

FILES = {
    "train.py": "",
    "helper.py": "import other\n",
    "other.py": "import helper, numpy\n",  # a circle
    "unused.py": "",
    "broken.py": "def (",
    "latin.py": "# -*- coding: latin-1 -*-\nname = 'é'\n",
    "pack/__init__.py": "from .a import thing\n",
    "pack/a.py": "from . import b\nfrom ..pack.c import x\n",
    "pack/b.py": "",
    "pack/c.py": "from .sub import deep\n",
    "pack/sub/__init__.py": "",
    "pack/sub/deep.py": "import pack.sub.deeper as d\n",
    "pack/sub/deeper.py": "",
    "pack/sub/more.py": "",
    "space/part.py": "",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="latin-1" if name == "latin.py" else "utf-8")
    return tmp_path


def sent(folder, code, file="train.py", **more):
    cell = Cell(name="train/file", code=code, path=str(folder / file), **more)
    found = {str(Path(put.path).relative_to(folder)): put.text for put in OwnModules().of(Run(run=1, cell=cell))}
    assert found.pop(file) == code, "the program itself"
    return found


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import jax, os.path, nowhere", []),
        ("import helper", ["helper.py", "other.py"]),
        ("def f():\n    import other", ["helper.py", "other.py"]),
        ("from pack.sub import more", [*(name for name in FILES if name.startswith("pack/"))]),
        ("import space.part", ["space/part.py"]),
        ("from space import part", ["space/part.py"]),
        ("import broken", ["broken.py"]),
        ("import unused.nothing", ["unused.py"]),
        ("from . import helper", ["helper.py", "other.py"]),
        ("this is no Python", []),
    ],
)
def test_what_a_program_imports_of_its_folder_is_sent(folder, code, names):
    assert sorted(sent(folder, code)) == sorted(names)


def test_a_module_of_a_package_takes_what_it_names_relatively(folder):
    found = sent(folder, "from . import deeper\n", "pack/sub/deep.py", launch=Launch(argv=(), module="pack.sub.deep"))
    assert set(found) >= {"pack/__init__.py", "pack/sub/__init__.py", "pack/sub/deeper.py"}


def test_the_text_is_sent_whatever_its_encoding(folder):
    assert "é" in sent(folder, "import latin")["latin.py"]


def test_a_notebook_takes_the_modules_of_its_folder(folder):
    cell = Cell(name="n/1", code="import unused", notebook=NotebookMode(number=1, folder=str(folder)))
    assert [Path(put.path).name for put in OwnModules().of(Run(run=1, replay=(cell,)))] == ["unused.py"]


def test_only_what_is_new_is_sent_again(folder):
    modules, run = OwnModules(), Run(run=1, cell=Cell(name="t/f", code="import helper", path=str(folder / "train.py")))
    assert len(modules.of(run)) == 3
    assert modules.of(run) == []
    (folder / "other.py").write_text("import helper, numpy, unused\n")
    os.utime(folder / "other.py", ns=(1, 1))
    assert sorted(Path(put.path).name for put in modules.of(run)) == ["other.py", "unused.py"]


def test_a_lesson_sends_no_files():
    assert OwnModules().of(Run(run=1, cell=Cell(name="a/b", code="import tests"))) == []


def test_too_much_is_refused_with_what_to_do(folder, monkeypatch):
    monkeypatch.setattr(own_modules, "MOST_BYTES", 100)
    (folder / "unused.py").write_text("#" * 90)
    (folder / "helper.py").write_text("#" * 90)
    with pytest.raises(EngineError, match=r"3 files .* install them on the other machine"):
        sent(folder, "import unused, helper")


@given(st.text(), st.sampled_from(["", "a", "a.b"]))
def test_any_text_imports_something_or_nothing(code, package):
    assert all(imports(code, package))


def test_figures_are_files_here_until_the_end(tmp_path):
    pictures = Pictures()
    data = base64.b64encode(b"png").decode()
    figure = harmless(Figure(run=1, path=Raw("/far/../../etc/x.png"), width=1, height=1, said=Raw("said"), data=data))
    here = Path(pictures.here(figure, "far").path.text)
    assert (here.name, here.read_bytes()) == ("x.png", b"png")
    pictures.close()
    assert not here.exists()


@pytest.mark.parametrize(("path", "data"), [("/far/x.png", ""), ("/far/x.png", "===x"), ("/", "eA==")])
def test_a_figure_that_did_not_come_says_where_it_is(path, data):
    figure = harmless(Figure(run=1, path=Raw(path), width=1, height=1, said=Raw("said"), data=data))
    assert Pictures().here(figure, "far").path.text == f"far:{path}"

"""All use of private parts of JAX and Textual is in `compat*.py`: nothing else imports, overrides or uses them."""

import ast
import functools
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import jaxtour
import jaxtour.tui

PACKAGE = Path(jaxtour.__path__[0])


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def files(package: str) -> list[Path]:
    """Return the modules of a package that may use nothing private."""
    found = [path for path in (PACKAGE / package).rglob("*.py") if not path.name.startswith("compat")]
    assert len(found) > 20
    return found


def private_imports(tree: ast.AST, libraries: tuple[str, ...]) -> Iterator[str]:
    """Yield the private modules and names of these libraries that code imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{each.name}" for each in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] in libraries and any(map(is_private, name.split("."))))


def private_attributes(tree: ast.AST) -> Iterator[str]:
    """Yield private attributes of anything but the object and its class; `_replace` and `_exit` are documented."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            owner = node.value
            if ast.unparse(owner) not in ("self", "cls", "super()") and node.attr not in ("_replace", "_exit"):
                yield ast.unparse(node)


@functools.cache
def own_names(cls: type) -> set[str]:
    """Return the private names that a class defines, or uses of itself."""
    nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(cls)))))
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    used = {node.attr for node in attributes if ast.unparse(node.value) in ("self", "super()")}
    return set(filter(is_private, defined | used))


def widgets() -> Iterable[type]:
    """Yield the classes of the terminal program, apart from those that may use what is private."""
    for module in pkgutil.walk_packages(jaxtour.tui.__path__, "jaxtour.tui."):
        if module.name.rpartition(".")[2].startswith("compat"):
            continue
        for cls in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(cls) and cls.__module__ == module.name:
                yield cls


@pytest.mark.parametrize(("package", "libraries"), [("worker", ("jax", "jaxlib")), ("tui", ("textual",))])
def test_no_private_module_is_imported(package, libraries):
    found = {path.name: names for path in files(package) if (names := [*private_imports(parsed(path), libraries)])}
    assert not found
    assert any([*private_imports(parsed(path), libraries)] for path in (PACKAGE / package).rglob("compat*.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_nothing_private_of_textual_is_read_from_outside():
    found = {path.name: names for path in files("tui") if (names := [*private_attributes(parsed(path))])}
    assert not found


def test_no_class_overrides_or_uses_what_is_private_in_its_textual_bases():
    checked = 0
    for cls in widgets():
        bases = [base for base in cls.__mro__ if base.__module__.partition(".")[0] == "textual"]
        theirs = set().union(*(own_names(base) | set(filter(is_private, vars(base))) for base in bases))
        assert not own_names(cls) & theirs, cls
        checked += bool(bases)
    assert checked > 40

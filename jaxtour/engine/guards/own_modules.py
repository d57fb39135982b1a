"""Finds the modules in a program's own folder, which a worker on another machine lacks."""

import ast
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from jaxtour.engine.guards.connection import EngineError
from jaxtour.engine.wire.commands import Cell, Put, Run
from jaxtour.text import grouped

MOST_BYTES = 2 * 1024 * 1024
"""The most bytes of all files together."""
_Known = tuple[tuple[int, int], str, list[str]]


class OwnModules:
    """Finds them by their imports, transitively, and remembers what has been sent."""

    def __init__(self) -> None:
        self._sent: dict[str, str] = {}
        self._known: dict[Path, _Known] = {}
        """By file, its time and size, its text and the modules that it imports."""

    def of(self, command: Run) -> list[Put]:
        """Return what to send before a run, since it is new or has changed; raises `EngineError` if it is too much."""
        cells = (*command.replay, *(each for each in (command.cell, command.probe) if each is not None))
        found: dict[str, str] = {}
        for cell in cells:
            found.update(self._imported(cell))
        if (size := sum(map(len, found.values()))) > MOST_BYTES:
            raise EngineError(
                f"the program needs {len(found)} files from its folder, {grouped(size)} characters; "
                f"at most {grouped(MOST_BYTES)}: install them on the other machine"
            )
        new = [Put(path=path, text=text) for path, text in found.items() if self._sent.get(path) != text]
        self._sent.update(found)
        return new

    def _imported(self, cell: Cell) -> dict[str, str]:
        if cell.path is not None:
            module = cell.launch.module if cell.launch else ""
            roots, package = _roots(Path(cell.path), module)
        elif cell.notebook is not None:
            roots, package = [Path(cell.notebook.folder)], ""
        else:
            return {}
        waiting = [*([package] if package else []), *imports(f"{cell.setup}\n{cell.code}", package)]
        found = {Path(cell.path): cell.code} if cell.path is not None else {}
        while waiting:
            for file, inside in _files(waiting.pop(), roots):
                if file not in found and (known := self._read(file, inside)):
                    found[file] = known[1]
                    waiting += known[2]
        return {str(file): text for file, text in found.items()}

    def _read(self, file: Path, package: str) -> _Known | None:
        try:
            now = file.stat()
            stamp = (now.st_mtime_ns, now.st_size)
            if (known := self._known.get(file)) is None or known[0] != stamp:
                if now.st_size > MOST_BYTES:
                    return None
                with tokenize.open(file) as opened:
                    text = opened.read()
                known = self._known[file] = (stamp, text, imports(text, package))
        except (OSError, SyntaxError, UnicodeDecodeError):
            return None  # the import fails there, with the file's name
        return known


def imports(code: str, package: str) -> list[str]:
    """Return the modules that a package's code imports, and names that may be modules; nothing if it is not Python."""
    try:
        with warnings.catch_warnings(action="ignore"):
            nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError):
        return []
    found: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".") if package else []
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found += [base, *(f"{base}.{alias.name}" if base else alias.name for alias in node.names)]
    return list(dict.fromkeys(name for name in found if name))


def _roots(path: Path, module: str) -> tuple[list[Path], str]:
    """Return the folders that imports search first, as the worker's `become` has them, and the package of the file."""
    top, names = path.parent, list[str]()
    while (top / "__init__.py").is_file():
        names.insert(0, top.name)
        top = top.parent
    package = ".".join(names)
    if module:
        package = module if path.name == "__main__.py" else module.rpartition(".")[0]
        top = path.parents[package.count(".") + 1] if package else path.parent
        return [top], package
    return [path.parent, top], package


def _files(name: str, roots: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the files that are executed to import a module, each with the package for its own relative imports."""
    for root in roots:
        place, above = root, ""
        found = False
        for part in name.split("."):
            place, inside = place / part, f"{above}.{part}" if above else part
            if (file := place / "__init__.py").is_file():
                found = True
                yield file, inside
            elif (file := place.with_name(f"{part}.py")).is_file():
                found = True
                yield file, above
                break
            elif not place.is_dir():
                break
            above = inside
        if found:
            return

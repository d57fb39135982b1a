"""Reads the cells of a notebook, of a MyST page, and of a Python script in percent format.

It uses nbformat and jupytext. They are an extra, imported only here, when such a file is opened.
"""

import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any, Literal, NoReturn

import msgspec

from jaxtour.course.model import CourseError, Problem
from jaxtour.files import read_bytes
from jaxtour.text import Raw

MAX_BYTES = {".ipynb": 64 * 1024 * 1024, ".md": 1024 * 1024, ".py": 1024 * 1024}
"""Notebooks contain their pictures, which are dropped."""
MAX_CELLS = 2000
MAX_SOURCE = 1024 * 1024
"""The most characters of all cells together, as many as a lesson file may have."""
MAX_OUTPUT = 256 * 1024
"""The most characters of one output to keep for comparison; a longer one is not compared."""
EXTRA = "notebooks need nbformat and jupytext: pip install 'jaxtour[notebooks]'"
_OLDEST, _NEWEST = 3, 4
_PERCENT = re.compile(r"^# ?%%", re.MULTILINE)
_CODE_CELL = re.compile(r"^(?:`{3,}|~{3,}|:{3,}) *\{code-cell\}", re.MULTILINE)


class StoredOutput(msgspec.Struct, frozen=True):
    """An output that is stored in a notebook."""

    output_type: str
    name: str = ""
    """The name of a stream: `stdout` or `stderr`."""
    text: str = ""
    data: dict[str, Any] = {}
    """The contents, by MIME type."""
    ename: str = ""
    """The class of an error."""


class Metadata(msgspec.Struct, frozen=True):
    tags: list[str] = []


class SourceCell(msgspec.Struct, frozen=True):
    """A cell as its file has it."""

    cell_type: Literal["code", "markdown", "raw"]
    source: str
    metadata: Metadata = Metadata()
    outputs: list[StoredOutput] = []


def is_percent(path: Path) -> bool:
    """Return whether a Python file has the markers of cells, `# %%`; False for what cannot be read."""
    try:
        return bool(_PERCENT.search(read_bytes(path, MAX_BYTES[".py"]).decode("utf-8", "replace")))
    except (OSError, ValueError):
        return False


def read_cells(path: Path) -> tuple[list[SourceCell], str]:
    """Return the cells and the file's text; raises `CourseError` for any other file."""
    suffix = path.suffix
    text = _text(path, MAX_BYTES[suffix])
    if suffix == ".ipynb":
        document = _document(path, text)
        with _quiet(path):
            import nbformat

            notebook = nbformat.reads(json.dumps(document), as_version=4)
    else:
        if suffix == ".md" and not _CODE_CELL.search(text):
            _refuse(path, "no code cell here: a lesson's code stands in ```{code-cell}, as MyST writes it")
        with _quiet(path):
            import jupytext

            notebook = jupytext.reads(text, fmt="md:myst" if suffix == ".md" else "py:percent")
    try:
        cells = msgspec.convert(notebook["cells"], list[SourceCell])
    except msgspec.ValidationError as error:
        _refuse(path, f"not a valid notebook: {error}")
    if len(cells) > MAX_CELLS:
        _refuse(path, f"more than {MAX_CELLS} cells: split it")
    if sum(len(cell.source) for cell in cells) > MAX_SOURCE:
        _refuse(path, "its cells have more than 1 MiB of text: split it")
    if not any(cell.cell_type == "code" and cell.source.strip() for cell in cells):
        _refuse(path, "no code cell here")
    return cells, text


@contextmanager
def _quiet(path: Path) -> Iterator[None]:
    """Keep the libraries' output off the terminal, and turn what they raise into a message."""
    logger = logging.getLogger("traitlets")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        raise CourseError(f"{path}: {EXTRA} ({error})") from None
    except Exception as error:  # a file can break a library in any way
        first = str(error).partition("\n")[0]
        _refuse(path, f"cannot be read as a notebook: {type(error).__name__}: {first[:200]}")
    finally:
        logger.disabled = before


def _text(path: Path, most: int) -> str:
    try:
        data = read_bytes(path, most)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        _refuse(path, f"cannot be read: {reason}")
    if len(data) > most:
        _refuse(path, f"the file is larger than {most >> 20} MiB: split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        _refuse(path, f"byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8", line, column)
    if "\0" in text:
        before = text[: text.index("\0")]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        _refuse(path, "the character U+0000 is not text: save the file as UTF-8", line, column)
    return re.sub("\r\n?", "\n", text)


def _document(path: Path, text: str) -> dict[str, Any]:
    """Return the JSON of a notebook without its pictures."""
    document: Any = None
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        _refuse(path, f"not a notebook: {error.msg}: a notebook is JSON", error.lineno, error.colno)
    except (RecursionError, ValueError) as error:
        _refuse(path, f"not a notebook: {type(error).__name__} while reading its JSON")
    version = document.get("nbformat") if isinstance(document, dict) else None
    if not isinstance(version, int):
        _refuse(path, "not a notebook: it has no `nbformat`")
    if version < _OLDEST:
        _refuse(path, f"a notebook of format {version}, too old: save it with a current Jupyter")
    if version > _NEWEST:
        _refuse(path, f"a notebook of format {version}, too new: save it as format 4")
    found: dict[str, Any] = document
    _drop_pictures(found)
    return found


def _drop_pictures(document: dict[str, Any]) -> None:
    """Keep only the text of outputs, and the names of other MIME types; leave anything malformed as it is."""
    cells = document.get("cells")
    for cell in cells if isinstance(cells, list) else ():
        if not isinstance(cell, dict):
            continue
        cell.pop("attachments", None)
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            data = output.get("data") if isinstance(output, dict) else None
            if isinstance(data, dict):
                output["data"] = {kind: data[kind] if kind == "text/plain" else "" for kind in data}


def _refuse(path: Path, message: str, line: int = 1, column: int = 1) -> NoReturn:
    problem = Problem(file=Raw(str(path)), line=line, column=column, message=message)
    raise CourseError(str(problem), problem)

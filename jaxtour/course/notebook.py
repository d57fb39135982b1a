"""Turns a notebook into a lesson: each code cell is a step, and the Markdown before it is the step's text."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from jaxtour.course.magics import Runnable, runnable
from jaxtour.course.model import CourseError, Lesson, NotebookCell, Problem, Step, TimeSpec
from jaxtour.course.notebook_file import MAX_OUTPUT, SourceCell, StoredOutput, read_cells
from jaxtour.course.prose import HEADING, headings, prose
from jaxtour.paths import absolute
from jaxtour.text import Raw, harmless

RAISES, REMOVED, SKIPPED = "raises-exception", "remove-cell", "skip-execution"
"""Tags that Jupyter and MyST know."""
_OWN = re.compile(
    r"^(?:.* per loop(?: \(mean ± std\. dev\..*)?|(?:CPU times|Wall time|Exception reporting mode|Compiler time):.*"
    r"|The slowest run took .* times longer than the fastest\. .*)\n?",
    re.MULTILINE,
)
"""What magics print in IPython."""
_OBJECT = re.compile(r"<IPython\.core\.display\.\w+ object>")
_FIGURE = re.compile(r"<Figure size .*>")
"""The texts of outputs that only a browser shows."""
_BACKGROUND = re.compile(r"\x1b\[[\d;]*48;")
_CALL_CAP = 200
"""The most characters of a call, as in a lesson file."""
_NUMPY = re.compile(r"(?:np|numpy|scipy)\.")


def load_notebook(path: Path) -> Lesson:
    """Return the file as a lesson; raises `CourseError`, with the place, if it is not a notebook."""
    cells, text = read_cells(path)
    draft = _Draft(path, cells, text)
    if not draft.steps:
        problem = Problem(file=Raw(str(path)), line=1, column=1, message="no code cell to show here")
        raise CourseError(str(problem), problem)
    titles = (title for cell in cells if cell.cell_type == "markdown" for _, title in headings(cell.source))
    lesson = Lesson(
        id=notebook_id(path),
        title=next(titles, path.name),
        summary=f"`{path.name}`",
        minutes=0,
        steps=tuple(draft.steps),
        file=Raw(str(path)),
        places=draft.places,
        cells=draft.cells,
    )
    return harmless(lesson)


def notebook_id(path: Path) -> str:
    """Return the lesson's id, `vmap-ipynb` for `vmap.ipynb`: distinct from the course's ids in the progress."""
    return re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-")[-60:].strip("-")


class _Draft:
    """The steps, made cell by cell."""

    def __init__(self, path: Path, cells: Sequence[SourceCell], text: str) -> None:
        self._folder = str(Path(absolute(path)).parent)
        self.steps: list[Step] = []
        self.cells: dict[str, NotebookCell] = {}
        self.places: dict[str, tuple[int, int]] = {}
        self._texts: list[str] = []
        self._setups: list[str] = []
        number = 0
        for cell, line in zip(cells, _lines_of(cells, text, as_json=path.suffix == ".ipynb"), strict=True):
            if cell.cell_type == "markdown" and REMOVED not in cell.metadata.tags:
                self._texts.append(prose(cell.source))
            elif cell.cell_type == "code" and cell.source.strip():
                number += 1
                self._code(cell, number, line)
        if self._texts and self.steps:
            last = self.steps[-1]
            after = "\n\n".join(part for part in (last.after, *self._texts) if part)
            self.steps[-1] = Step(**{name: getattr(last, name) for name in last.__struct_fields__} | {"after": after})

    def _code(self, cell: SourceCell, number: int, line: int) -> None:
        tags = cell.metadata.tags
        if SKIPPED in tags:
            self._texts.append(f"```python\n{cell.source}\n```")
            return
        if REMOVED in tags and RAISES not in tags:
            self._setups.append(cell.source)
            return
        run = runnable(cell.source)
        error = _error(cell)
        text = "\n\n".join(part for part in self._texts if part)
        titles = headings(text)
        title = titles[-1][1] if titles else f"Cell {number}"
        step = Step(
            id=f"cell-{number}",
            title=title,
            text=_without_title(text, title),
            setup=Raw("\n\n".join(self._setups)),
            code=Raw(cell.source),
            time=tuple(_timed(call) for call in dict.fromkeys(run.calls) if len(call) <= _CALL_CAP),
            raises="Exception" if RAISES in tags or error else None,
            after="\n".join(f"- {note}" for note in run.notes),
        )
        self.steps.append(step)
        self.places[step.id] = (line, 1)
        self.cells[step.id] = _stored(cell, run, number, self._folder)
        self._texts, self._setups = [], []


def _without_title(text: str, title: str) -> str:
    """Return the text without a heading at its beginning that repeats the step's title."""
    first, _, rest = text.partition("\n")
    found = headings(first) if HEADING.match(first) else []
    return rest.lstrip("\n") if found and found[0][1] == title else text


def _timed(call: str) -> TimeSpec | Raw:
    return TimeSpec(call=Raw(call), on="host") if _NUMPY.match(call) else Raw(call)


def _stored(cell: SourceCell, run: Runnable, number: int, folder: str) -> NotebookCell:
    """Return what the file says about the cell, without pictures and the output of commands that do not run."""
    printed = [text for output in cell.outputs if (text := _printed(output)) is not None]
    is_known = not any(map(_is_for_browsers, cell.outputs))
    stdout = "".join(printed)
    if run.code != cell.source:
        stdout = _OWN.sub("", stdout)
    values = [output for output in cell.outputs if output.output_type in ("execute_result", "pyout")]
    value = _plain(values[-1]) if values else None
    return NotebookCell(
        number=number,
        folder=Raw(folder),
        stdout=Raw(stdout) if stdout.strip() and is_known and not run.withheld and len(stdout) <= MAX_OUTPUT else None,
        value=Raw(value) if value is not None and len(value) <= MAX_OUTPUT else None,
        error=_error(cell),
        notes=run.notes,
    )


def _error(cell: SourceCell) -> str | None:
    """Return the class of the stored error; None for an interrupt, which says nothing about the code."""
    names = (output.ename for output in cell.outputs if output.output_type == "error")
    return next((name for name in names if name != "KeyboardInterrupt"), None)


def _printed(output: StoredOutput) -> str | None:
    """Return what an output printed, to stdout or by `display`."""
    if output.output_type == "stream":
        return output.text if output.name == "stdout" else None
    if output.output_type == "display_data":
        text = _plain(output)
        return None if text is None else f"{text}\n"
    return None


def _plain(output: StoredOutput) -> str | None:
    """Return the text of an output; None for one in another form: a picture, a progress bar, HTML."""
    text = output.data.get("text/plain")
    is_other = any(kind.startswith(("image/", "application/vnd.jupyter.widget")) for kind in output.data)
    if not isinstance(text, str) or is_other or _OBJECT.fullmatch(text.strip()) or _FIGURE.fullmatch(text.strip()):
        return None
    return text


def _is_for_browsers(output: StoredOutput) -> bool:
    """Return whether the output was displayed for a browser; a library may print something else elsewhere."""
    text = str(output.data.get("text/plain", "")).strip()
    is_painted = "text/html" in output.data and bool(_BACKGROUND.search(text))
    return output.output_type == "display_data" and (is_painted or bool(_OBJECT.fullmatch(text)))


def _lines_of(cells: Sequence[SourceCell], text: str, *, as_json: bool) -> Iterator[int]:
    """Yield the line of the file, from 1, where each cell begins; if its text is not found, that of the cell before."""
    lines = text.split("\n")
    at = 0
    for cell in cells:
        first = next((line for line in cell.source.split("\n") if line.strip()), "")
        forms = {json.dumps(first, ensure_ascii=flag)[1:-1] for flag in (True, False)} if as_json else {first}
        if first:
            at = next((row for row in range(at, len(lines)) if any(form in lines[row] for form in forms)), at)
        yield at + 1

"""What IPython's commands in a cell mean here: `%timeit f(x)`, `!pip install x`, `%%bash`.

The tour shows a cell as it is in its notebook, and runs the Python that `runnable` makes from it. That has the same
lines: a magic before Python becomes `None` and spaces up to the same column, so `%timeit f(x)` runs as
`None  ; f(x); None`; a line that does not run becomes `pass`, and a cell that does not run becomes empty lines. So the
line and column numbers of errors and links are valid for the code on the screen. Cells without such commands run
unchanged.
"""

import ast
import functools
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import msgspec

MagicKind: TypeAlias = Literal["measure", "time", "nothing", "withhold", "body", "environment", "unknown"]
WAYS: dict[str, MagicKind] = {
    **dict.fromkeys(("%timeit", "%%timeit"), "measure"),
    **dict.fromkeys(("%time", "%%time"), "time"),
    **dict.fromkeys(("%matplotlib", "%load_ext", "%reload_ext", "%autoreload", "%config", "%xmode"), "nothing"),
    **dict.fromkeys(("!", "%pip", "%conda", "%mamba", "%uv", "%system", "%sx", "%cd"), "withhold"),
    **dict.fromkeys(("%%bash", "%%sh", "%%script", "%%system", "%%sx", "%%writefile", "%%file", "%%html"), "withhold"),
    **dict.fromkeys(("%%javascript", "%%js", "%%latex", "%%markdown", "%%svg", "%%perl", "%%ruby"), "withhold"),
    "%%capture": "body",
    **dict.fromkeys(("%env", "%set_env"), "environment"),
}
"""What becomes of each command.

`measure` and `time` run the code once and let the tour measure it; IPython keeps only the value of the latter.
`nothing` changes how IPython shows something. `withhold` would run something other than Python, or install.
"""
_DEEPEST = 4
MAYBE = re.compile(r"^[ \t]*(?:[%!?]|pip3? |conda )|=[ \t]*[%!]|\?[ \t]*$", re.MULTILINE)
_TARGET = r"(?P<indent>\s*)(?P<target>[\w., ()\[\]'\"]+?=\s*)?"
_MAGIC = re.compile(_TARGET + r"(?P<name>%%?[A-Za-z_][\w.]*|!!?)(?P<rest>.*)", re.DOTALL)
_AUTOMATIC = re.compile(r"(?P<indent>\s*)(?P<target>)(?P<name>pip3?|conda)(?P<rest> +(?:install|uninstall|list)\b.*)")
_HELP = re.compile(r"(?P<indent>\s*)(?P<target>)(?P<name>\?\??)(?P<rest>[\w.*]+)|\s*[\w.*%]+\?\??\s*")
_OPTIONS = re.compile(r"(?:\s+-(?:[nr]\s*\d+|p\s*\d+|[tcoqv]+)(?=\s|$))*\s*")
# An unterminated string takes the rest of the line, so that each line is read only once.
_TOKEN = re.compile(r"'''|\"\"\"|'(?:\\.|[^'\\])*'?|\"(?:\\.|[^\"\\])*\"?|#.*|[(\[{]|[)\]}]|.", re.DOTALL)


class Runnable(msgspec.Struct, frozen=True):
    """A cell as Python, with the same number of lines."""

    code: str
    calls: tuple[str, ...] = ()
    """Expressions to measure, each in one line."""
    notes: tuple[str, ...] = ()
    """What differs from IPython, with its line, in Markdown."""
    withheld: bool = False
    """Whether something does not run, so that its output is missing."""


@functools.lru_cache(maxsize=1024)
def runnable(code: str) -> Runnable:
    """Return the cell as Python; one that is neither Python nor understood stays as it is, and fails when it runs."""
    return _runnable(code, 1)


def _runnable(code: str, number: int, depth: int = 0) -> Runnable:
    """Return the cell, or its part from the line `number` on, below `depth` cell magics."""
    if depth > _DEEPEST or not MAYBE.search(code) or parsed(code) is not None:
        return Runnable(code)
    draft = _Draft(code.split("\n"), number, depth)
    first = next((at for at, line in enumerate(draft.lines) if line.strip()), 0)
    if draft.lines[first].startswith("%%"):
        draft.cell(first)
    else:
        for start, end in _units(draft.lines):
            draft.unit(start, end)
    return Runnable("\n".join(draft.lines), tuple(draft.calls), tuple(draft.notes), draft.withheld)


def parsed(code: str) -> ast.Module | None:
    """Return the syntax tree of Python; None for anything else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Draft:
    """The lines of a cell while they become Python."""

    def __init__(self, lines: list[str], number: int, depth: int) -> None:
        self.lines = lines
        self._depth = depth
        self._number = number
        self.calls: list[str] = []
        self.notes: list[str] = []
        self.withheld = False

    def unit(self, start: int, end: int) -> None:
        """Replace a logical line that is a command; `end` is the line after its last."""
        text = "\n".join(self.lines[start:end])
        match = _MAGIC.fullmatch(text) or _AUTOMATIC.fullmatch(text) or _HELP.fullmatch(text)
        if match is None or (not match["name"] and parsed(text) is not None):
            return
        name = match["name"] or "?"
        way = "withhold" if name[0] in "!?pc" else WAYS.get(name, "unknown")
        if way in ("measure", "time") and not match["target"]:
            new = self._timed(match["rest"], len(text) - len(match["rest"]), start, way, match["indent"])
        else:
            self._tell(way, start, text)
            new = self._without(way, match)
        self.lines[start:end] = (new + "\n" * (end - start - 1 - new.count("\n"))).split("\n")

    def cell(self, first: int) -> None:
        """Replace the lines of a cell that begins with a cell magic at `first`."""
        match = _MAGIC.fullmatch(self.lines[first])
        name = match["name"] if match else "%%"
        way = WAYS.get(name, "unknown")
        if way in ("withhold", "unknown", "nothing"):
            self._tell(way, first, self.lines[first], "the cell")
            self.lines = [""] * len(self.lines)
            return
        rest = match["rest"] if match else ""
        setup = _OPTIONS.sub("", rest, count=1) if way == "measure" else ""
        below = self.lines[first + 1 :]
        inner = _runnable("\n".join(below), self._number + first + 1, self._depth + 1)
        self.calls += inner.calls
        self.notes += inner.notes
        self.withheld |= inner.withheld
        if way == "body":
            self._tell(way, first, name)
        else:
            self._measure(inner.code, first, "")
        head = _padded("", len(self.lines[first]) - len(setup), setup) if setup else ""
        code = _valueless(inner.code) if way == "measure" else inner.code
        self.lines = [*[""] * first, head, *(code.split("\n") if below else ())]

    def _timed(self, rest: str, width: int, line: int, way: MagicKind, indent: str) -> str:
        options = _OPTIONS.match(rest)
        skipped = options.end() if options and way == "measure" else len(rest) - len(rest.lstrip(" "))
        statement = rest[skipped:]
        if not statement.strip():
            return f"{indent}pass"
        self._measure(statement, line, indent)
        code = _valueless(statement) if way == "measure" else statement
        return _padded(indent, width + skipped, code)

    def _measure(self, code: str, line: int, indent: str) -> None:
        """Take the call that a statement makes, or note why it is not measured."""
        call = None if indent else _call_of(code)
        if call:
            self.calls.append(call)
        elif code.strip():
            why = "it is inside a block" if indent else "it is not one plain expression"
            self.notes.append(f"Line {line + self._number}: the code runs once and is not measured, because {why}.")

    def _tell(self, way: MagicKind, line: int, text: str, what: str = "it") -> None:
        if way in ("withhold", "unknown"):
            self.withheld = True
        shown = " ".join(text.split())
        quoted = f"`{(shown if len(shown) <= 60 else shown[:59] + '…').replace('`', chr(39))}`"
        said = {
            "withhold": f"{quoted} is shown, but does not run.",
            "unknown": f"{quoted} is an IPython command that jaxtour does not know: {what} does not run.",
            "measure": f"{quoted}: jaxtour does not keep the result of a timing, so the name is `None`.",
            "time": f"{quoted}: jaxtour does not keep the result of a timing, so the name is `None`.",
            "body": f"{quoted} hides the output in the notebook; jaxtour shows it.",
        }.get(way)
        if said:
            self.notes.append(f"Line {line + self._number}: {said}")

    def _without(self, way: MagicKind, match: re.Match[str]) -> str:
        """Return the replacement for a command that does not run."""
        if match["target"]:
            return f"{match['indent']}{match['target']}{'[]' if match['name'][0] == '!' else 'None'}"
        name, _, value = (match["rest"] or "").strip().replace(" ", "=", 1).partition("=")
        if way == "environment" and name and value:
            return f"{match['indent']}__import__('os').environ[{name!r}] = {value.strip(' =')!r}"
        return f"{match['indent'] or ''}pass"


def _padded(indent: str, width: int, code: str) -> str:
    """Return the code after `None`, so that it begins in the column `width`, counted from 0."""
    return f"{indent}None{' ' * (width - len(indent) - len('None; '))}; {code}"


def _valueless(code: str) -> str:
    """Return the code with `None` after its last expression, so that it has no value; cuts a comment there."""
    tree = parsed(code)
    last = tree.body[-1] if tree and tree.body else None
    if not isinstance(last, ast.Expr) or last.end_lineno is None:
        return code
    lines = code.split("\n")
    row = last.end_lineno - 1
    row_bytes = lines[row].encode()
    # The closing brackets around the expression are not among its columns.
    rest = re.match(rb"[\s)]*", row_bytes[last.end_col_offset :])
    end = (last.end_col_offset or 0) + (rest.end() if rest else 0)
    lines[row] = row_bytes[:end].decode().rstrip() + "; None"
    return "\n".join(lines)


def _call_of(code: str) -> str | None:
    """Return the expression that a single statement evaluates, in one line."""
    tree = parsed(code)
    if tree is None or len(tree.body) != 1:
        return None
    node = tree.body[0]
    value = node.value if isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign) else None
    if value is None or any(isinstance(part, ast.Await | ast.NamedExpr) for part in ast.walk(value)):
        return None
    return ast.unparse(value)


def _units(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the first line of each logical line, and the line after its last."""
    start = 0
    while start < len(lines):
        end, state = start + 1, (0, "")
        # In a command, only a backslash continues it on the next line.
        scan: Callable[[str, tuple[int, str]], tuple[int, str]] = (
            (lambda _line, state: state) if _MAGIC.fullmatch(lines[start]) else _open_after
        )
        state = scan(lines[start], state)
        while end < len(lines) and (state != (0, "") or lines[end - 1].endswith("\\")):
            state = scan(lines[end], state)
            end += 1
        yield start, end
        start = end


def _open_after(line: str, state: tuple[int, str]) -> tuple[int, str]:
    """Return how many brackets, and which triple quotes, are open at the end of a line."""
    depth, quotes = state
    for token in _TOKEN.findall(line):
        if quotes:
            quotes = "" if token == quotes else quotes
        elif token in ("'''", '"""'):
            quotes = token
        elif token in ("(", "[", "{"):
            depth += 1
        elif token in (")", "]", "}"):
            depth = max(depth - 1, 0)
    return depth, quotes

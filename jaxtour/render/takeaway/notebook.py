"""Writes a lesson as a Jupyter notebook, with stored outputs."""

import json
from collections.abc import Iterator
from typing import Any

from jaxtour.render.takeaway.markdown import folded, inert, prose
from jaxtour.render.takeaway.model import Code, Folded, Output, Prose, Takeaway
from jaxtour.text import UNCLEAN

RAISES = "raises-exception"
"""The tag that lets Jupyter continue after an error."""


def notebook(lesson: Takeaway) -> str:
    """Return the notebook as JSON; raises `ImportError` without nbformat, an extra."""
    import nbformat
    from nbformat import v4

    made = v4.new_notebook(cells=[])
    made.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "jaxtour": {"made_by": lesson.made_by},
    }
    made.cells = list(_cells(lesson))
    for number, cell in enumerate(made.cells):
        # By default the ids are random, and two exports of the same lesson would differ.
        cell["id"] = f"jaxtour-{number}"
    nbformat.validate(made)
    # Invisible characters are escaped, since a notebook may be printed on a terminal.
    return UNCLEAN.sub(lambda match: json.dumps(match[0])[1:-1], nbformat.writes(made)) + "\n"


def _cells(lesson: Takeaway) -> Iterator[Any]:
    from nbformat import v4

    count = 0
    texts: list[str] = []
    for at, part in enumerate(lesson.parts):
        if isinstance(part, Code):
            if texts:
                yield v4.new_markdown_cell("\n\n".join(texts))
                texts = []
            count += 1
            yield _code(part, count)
        elif isinstance(part, Prose):
            texts.append(prose(part.text) + ("" if at else f"\n\n*{inert(lesson.made_by)}*"))
        elif isinstance(part, Folded):
            texts.append(folded(part))
    if texts:
        yield v4.new_markdown_cell("\n\n".join(texts))


def _code(part: Code, count: int) -> Any:
    from nbformat import v4

    metadata: dict[str, Any] = {}
    if part.raises:
        metadata["tags"] = [RAISES]
    if part.folded:
        # For Jupyter and for Colab.
        metadata |= {"jupyter": {"source_hidden": True}, "cellView": "form"}
    text = f"#@title {part.folded}\n{part.text}" if part.folded else part.text
    stored = [_output(output, count) for output in part.outputs]
    return v4.new_code_cell(text, metadata=metadata, outputs=stored, execution_count=count if stored else None)


def _output(output: Output, count: int) -> Any:
    from nbformat import v4

    text = output.text.encode("utf-8", "replace").decode()
    if output.kind == "value":
        return v4.new_output("execute_result", data={"text/plain": text}, execution_count=count)
    if output.kind == "figure":
        return v4.new_output("display_data", data={"image/png": output.png, "text/plain": text})
    if output.kind == "error":
        return v4.new_output("error", ename=output.name, evalue=output.message, traceback=text.split("\n"))
    return v4.new_output("stream", name=output.kind, text=text)

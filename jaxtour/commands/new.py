"""`jaxtour new`: writes a small lesson to begin with."""

import shlex
from pathlib import Path

from jaxtour.commands.common import write
from jaxtour.course.catalogue import SUFFIXES
from jaxtour.course.model import CourseError, guess_id
from jaxtour.text import Raw

STARTER = """\
# A lesson for jaxtour. `jaxtour schema > lesson.schema.json` writes a description of every field; with that file next
# to this one, the following line gives you completion in your editor:
# yaml-language-server: $schema=lesson.schema.json
format: 1
id: {id}  # progress is kept under it, so keep it when you rename the file
title: {title}
summary: What a learner will see, in one line.
minutes: 5
steps:
  - id: square
    title: A first step
    text: |
      Markdown, to read before the step runs. JAX traces `square` once, and records each operation as an equation.
    code: |
      import jax.numpy as jnp

      def square(x):
          return x * x

      square(jnp.arange(3.0))
    expect:  # what `jaxtour check` compares
      value: [0, 1, 4]
      primitives: {{has: [mul]}}
    ask:  # optional: a question before the step runs; the worker finds the answer
      question: How many equations does it have?
      choices: ["1", "3"]
      value: equations of square(jnp.arange(3.0))
    after: |
      Markdown, to read once it has run: one `mul` for the whole array.
  - id: cube
    title: An exercise
    text: |
      Write `cube(x)`. A step starts where the steps before it ended, so `square` and `jnp` are there.
    exercise:
      starter: |
        def cube(x):
            return x
      check:  # without `equals`, the solution gives the right value
        - {{value: cube(x), given: [{{x: jnp.float32(2.0)}}, {{x: jnp.arange(3.0)}}]}}
      solution: |
        def cube(x):
            return square(x) * x
      wrong:  # optional: a mistake that the check must find, and words from its message
        - {{code: "def cube(x): return square(x)", because: "expected 8, got 4"}}
      hints: ["Multiply `square(x)` once more."]
"""


def new(target: str) -> int:
    """Write a lesson to a new file, and print what to do next; raises `CourseError` if it cannot be written."""
    path = Path(target)
    if path.suffix not in SUFFIXES:
        raise CourseError(f"{target}: a lesson is a YAML file: name it like {path.stem.strip('.') or 'first'}.yaml")
    name = guess_id(path)
    text = STARTER.format(id=name, title=name.replace("-", " ").capitalize())
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CourseError(f"{target}: it is already there: name a new file") from None
    except OSError as error:
        raise CourseError(f"{target}: cannot be written: {error.strerror or error}") from None
    shown = Raw(shlex.quote(target))
    write(f"{Raw(target)}: a lesson to begin with. Open it in your editor, and next to it:\n\n")
    write(f"    jaxtour --trust {shown}         # shows each save at once, and what is wrong with it\n")
    write(f"    jaxtour check --trust {shown}   # runs it and compares it with what it expects\n")
    return 0

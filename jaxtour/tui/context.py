"""Gathers what decides which keys work now."""

import msgspec


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that decide which keys work now."""

    runnable: bool = True
    """Whether there is code, and a worker to run it."""
    editable: bool = False
    """Whether there is code, which a broken step lacks."""
    busy: bool = False
    edited: bool = False
    undone: bool = False
    """Whether an edit was set aside and can come back."""
    outdated: bool = False
    """Whether the lesson's code has changed since the edit was made."""
    tries: int = 0
    """The number of changes that the step suggests."""
    scratch: bool = False
    """Whether the step shown is a scratch step."""
    plain: bool = False
    """Whether the step is a Python file."""
    comparable: bool = False
    """Whether the edit has run and made a call that can be compared with the lesson's own."""
    setup: bool = False
    traces: int = 0
    programs: bool = False
    """Whether there is a record of what the code compiled."""
    arguments: bool = False
    """Whether the arguments of the traced call are known."""
    files: bool = False
    """Whether the program has files besides the one that runs."""
    times: bool = False
    """Whether there is something to measure."""
    timed: bool = False
    profiles: bool = False
    """Whether a traced call is shown that can be profiled."""
    profiled: bool = False
    """Whether it has been profiled."""
    flagged: bool = False
    """Whether a timing has a verdict."""
    lines: bool = False
    """Whether a stage with lines is shown."""
    linking: bool = False
    """Whether the cursor is linked to something in the other pane."""
    library: bool = False
    """Whether a library function is behind the line under the cursor."""
    many: bool = False
    """Whether several lines of the stage are linked to it."""
    on_devices: bool = False
    """Whether the devices pane has the keys."""
    on_shard: bool = False
    """Whether the cursor is on a part of a value that a device holds."""
    asks: bool = False
    """Whether a question can be answered."""
    choices: int = 0
    """The number of its choices, which the digits take; without choices they begin the answer."""
    answered: bool = False
    processes: int = 1
    """How many processes run each step."""
    looks: bool = False
    """Whether there is something to look at besides the text."""
    looking: bool = False
    """Whether the focus is there."""
    unseen: bool = False
    """Whether another pane hides it."""
    hints: int = 0
    """The number of hints left."""
    exercise: bool = False
    points: bool = False
    """Whether a failed check points at the source, and Enter does nothing else in the focused pane."""
    others: bool = False
    """Whether there are several solutions."""
    timable: bool = False
    """Whether two calls are compared, and can be measured."""
    zoomed: bool = False
    searching: bool = False
    """Whether the matches of a search are shown."""
    alone: bool = False
    """Whether there is no other step to go to."""
    reviewing: bool = False
    """Whether this is the screen of a review."""
    level_above: bool = False
    level_below: bool = False
    """Whether there is another level of the ladder."""
    dead: bool = False
    held: bool = False
    """Whether the worker is dead because another process holds the accelerator."""
    cpu_helps: bool = False
    """Whether the worker is dead and an accelerator may be the cause."""
    reviews: int = 0
    """How many steps are due for review."""

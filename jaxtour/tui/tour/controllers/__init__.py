"""What the keys of a step's screen do: plain objects, each with the methods of some actions.

`Action.by` names the controller of an action; the screen makes one of each and calls their methods.
"""

"""The controllers of a step's keys: plain objects, each with the methods of some actions.

`Action.by` names the controller; the screen makes one of each and calls their methods.
"""

"""The door: ``operations`` and ``views`` over a unix socket, for a command line that need not load a driver.

Never knows what it carries: a function is found by its name, and its arguments and answer by their types.
"""

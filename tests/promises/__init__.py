"""Promises that hold whatever happens, in whatever order: machines that try to break them.

Law: a promise is an invariant checked after every step, never an example.
"""

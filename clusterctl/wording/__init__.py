"""What the command line and the console say of the same things, in the same words. Never prints, never asks the time.

Functions of frozen structs to text. Where an age is told, ``now`` is an argument: the console goes by the database's
clock, the command line by its own. What strangers wrote comes out as it is: whoever shows it makes it visible.
"""

"""Whole clusters in virtual time, each a long history of accidents that one number brings about.

``python -m tests.simulation`` lives through many. Law: the same seed is the same history, to the letter; what the
promises exclude (``docs/promises.md``, their limits) is never done; every promise is looked at after every step.
"""

"""Deliberate faults: each breaks one guard, and some test must see it. ``make mutants`` tries them all.

Law: a mutant is one small change that a tired person could make. It names the tests that ought to catch it.
"""

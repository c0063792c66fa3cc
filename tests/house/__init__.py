"""The rules of the house that no ready-made tool checks: sizes, names, walls, words.

Law: each file here holds one law as a function from modules to offences, the test that holds the tree to it,
and a companion that shows it a small offender and must see it caught. Never an exception by file name: a law
that needs one is changed, for everyone.
"""

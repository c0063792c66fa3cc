"""The store against a real Postgres: every legal and illegal step, every race that we know of, every hot statement.

Law: a test here makes the world move under a store function and sees what it does. What a hand at psql could break is
broken by hand, in SQL. Never a mock, never a daemon: only connections.
"""

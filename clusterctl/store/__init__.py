"""Postgres: the only truth.

Law: SQL lives here and nowhere else, each statement in the function that owns it, beside the type that it returns.
Every transition is one guarded statement over a batch, safe to repeat. Functions take a ``Database`` first, return
frozen nouns, and let no driver error out: an unreachable database is an ``Outage``, a picture that has grown old is
``Moved``. Never a decision about *which* worker or *whose* turn: that is ``scheduling``. Never Redis.
"""

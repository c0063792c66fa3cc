"""The log view: text that somebody else's program wrote, line by line, as much of it as is kept.

Law: ``lines``, ``model`` and ``scroll`` are pure; only ``view`` knows Textual. Never where a log comes from, or a wait.
"""

"""The table: rows that move under a cursor which follows what it is on. Never knows what its rows are about.

Law: what is drawn is made by pure functions (``columns``, ``drawing``) out of a pure model (``model``, ``order``);
only ``table``, ``keys`` and ``canvas`` know Textual.
"""

"""Frozen nouns: what clusterctl talks about, and nothing that it does.

Law: every type here is immutable and free of behaviour beyond its own arithmetic. Never a database, a
network, a clock, chance or a terminal: those would make a noun that two readers can see differently.
"""

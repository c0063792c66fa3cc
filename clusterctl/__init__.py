"""clusterctl: the operator's console and scheduler of a small cluster.

Law: what both daemons and the console must know lives here, and what only one of them needs stays with that one.
Never an import of ``schedd`` or ``agentd``: the console does not use the daemons, it starts them, by name.
"""

__version__ = "0.1.0"

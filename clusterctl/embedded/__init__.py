"""The private stack of ``clusterctl up``: a real Postgres, a real Valkey and the daemons, on this machine.

Law: here live the processes' births, adoptions and ends, and the one file that tells of them (``stack.json``). Every
server is a real process that outlives whoever started it; everything may be killed at any line, and the next ``up``
mends it. Never a query (schema and readiness are handed in), never a decision about jobs, never a port on a network:
the servers listen on unix sockets in a directory of mode 0700, and that is all their protection and all they need.
"""

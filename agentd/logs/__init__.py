"""The log server: serves the output of this worker's attempts to other machines, over HTTP.

Law: it reads and never writes, and only what the spool says is an output of ours; no path ever comes from a request.
It works in threads of its own, bounded in number and in patience, and shares nothing with the agent's loop but the
answer to "does this attempt run?". Whatever happens to it, jobs go on.
"""

"""A workload that shows a cluster at work: what is submitted, how it goes, and whether what came out is right.

Law: real work, whose results are known beforehand and checked afterwards; no job sleeps. It talks to the cluster
through ``operations`` and ``views`` alone, as any user's script could. Never a process that is started here (the
cluster is handed in), never a word printed: what happens is told as data.
"""

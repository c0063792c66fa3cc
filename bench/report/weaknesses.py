"""What we are still bad at, as far as it takes a person to say it.

Misses, narrow passes, and where a peer is better are added by the page itself. Keep it short and true: what no longer
holds is taken out. A paragraph each.
"""

WEAKNESSES = tuple(
    " ".join(paragraph.split())
    for paragraph in """
On a busy machine a job starts late: client, Postgres, schedd, agentd and a supervisor must each get a CPU before its
first instruction. HyperQueue needs fewer hands, and suffers less from neighbours.

Services are claimed one for each worker and round, so that load can show: a hundred replicas on two workers take a
minute. No target measures that. Replicas that wait make rounds dear: while 5,000 of them do, one in which nothing
changes takes up to four times as long as the target says (`rounds`, replicas wait).

`jobs --filter WORD` looks through the commands of all jobs: half a second with 100,000 pending. In the first minute
after so many were submitted, until Postgres has vacuumed, all commands are slower than here.

A round after many ends is slow: in a full cluster of 1,000 workers a fifth of a second when 1,000 jobs have ended
(`rounds`, jobs changed).

Every figure is of one machine, with unix sockets. What a network between agents and Postgres costs has not been
measured, nor what more than two CPUs give.

The thousand agents of `fleet` are simulated on the machine of the servers; no cluster of that size has been seen.

HyperQueue is measured as its wheel has it, server and worker in one process, and Slurm as the distribution has it, on
one node. On many nodes they may fare otherwise.
""".strip().split("\n\n")
)

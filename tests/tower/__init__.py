"""The tower: a cluster of real processes that are killed, stopped, cut off and lied to, by a seeded schedule.

``make tower`` runs it for long; ``test_tower.py`` for a minute. Jobs and the submitter write down what they saw, and
``evidence`` and ``checker`` compare that with what Postgres says. Law: these two share no code with the cluster, so
that they cannot share its mistakes; the others may use it to start things. Never a fault that is not written down.

The seed draws the faults and the jobs; when exactly something happens is the machine's affair, so no two runs are
equal. Not tried here: a machine's wall clock that jumps (the cluster's clock, which is Postgres's, does), and a disk of
Postgres that forgets what it was told to keep.
"""

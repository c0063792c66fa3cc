"""The process beside every job: starts it, ends it, and writes down how it ended.

Law: everything here lives once per running job, forked from the warm process, and must outlive agentd. So: the
standard library only, no threads, no state that is not also in the journal (but how a replica stands, which is nothing
without its supervisor), and never a word about the cluster (no Postgres, no settings, no clusterctl types). Nothing
polls: a supervisor sleeps until its next moment or a ring. There are two exceptions, of which nobody would tell: the
size of a job's output, which is looked at ever more seldom while it stays the same, and whether a service is ready, if
it was given a command that tells.
"""

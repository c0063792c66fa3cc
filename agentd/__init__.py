"""agentd: runs a worker's jobs, and tells the cluster how they end.

Law: this package starts, watches and ends processes on one machine, and reports to Postgres through
``clusterctl.store``. It never decides where a job goes, never writes SQL, and never imports schedd. Importing it
imports nothing: its smallest parts (``warm``, ``supervisor``, ``journal``) live beside every job.
"""

"""The scheduler: looks at the cluster in Postgres, decides by ``clusterctl.scheduling``, commits what was decided.

Law: schedd keeps nothing that it could not lose. Every write carries its term; a decision that the database refuses
was made from an old picture, and the next look makes another. Never a process, never a worker's machine: that is
``agentd``. Never a policy: that is ``clusterctl.scheduling``.
"""

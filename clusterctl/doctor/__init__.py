"""What can be wrong with a cluster: one file for each kind of finding.

Law: a check looks, and says what it has seen and how it knows; it never acts on its own. A mend is a guarded plan: it
is shown first, and applies only while the world is as it was seen. It never does what could run a job a second time:
where that cannot be proven, the finding says what a person may do. Never SQL, never a terminal; and no check fails
another: what cannot be looked at is said.
"""

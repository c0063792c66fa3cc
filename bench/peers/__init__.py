"""Others that run jobs, set up as their documents advise, to be measured beside us.

Law: what is here starts a peer, gives it work, and ends it; it measures nothing but the CPU time of its processes. A
peer gets its best documented settings, and says in words which those are. One that is not on this machine is not here,
which is no failure. How they are compared stands in ``bench.side_by_side``.
"""

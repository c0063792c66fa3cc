"""A private cluster on this machine as its user sees it: ``up`` from start to end, and the demo.

Never needed by a command that speaks to a cluster that runs already.
"""

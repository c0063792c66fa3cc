"""The planner, shown scenes and random pictures.

Law: nothing here needs a server, a clock or a file; what a test says of a cluster stands in the test.
"""

"""The pictures of the console: ``make screenshots`` plays an hour in a lab, and draws what ``top`` shows of it.

Law: nothing in a picture is drawn by hand. What it shows was written by schedd and agentd, into a real Postgres, in
virtual time: so the same program always makes the same pictures.
"""

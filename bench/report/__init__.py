"""What is made of measured values: verdicts, the table on a screen, the page of results.

Law: nothing here measures. A report is the JSON that ``python -m bench`` prints, as plain data; all here are functions
of one, or of several that are joined. What is good enough stands in ``targets``, what we say against ourselves by hand
in ``weaknesses``, and nowhere else.
"""

"""What the console reads: the cluster in a few sums, one list of it, and how it fared over time.

Law: nothing here writes. A look is one transaction of three statements at most: the sums, the list of the screen,
and on the overview the newest claims; so a viewer costs the same whatever there is. A list is all of its keys in their
order, up to MOST_KEYS, and the fields of those rows only that are shown. How rows are read, and what a filter or an
order means, stands with the rows themselves (``job_rows``, ``claim_log`` …), never a second time here.
"""

"""What lists have in common: filters and orders that are typed, rows that are taken away, and which lists there are.

Never asks a server: what is wanted goes into the next look.
"""

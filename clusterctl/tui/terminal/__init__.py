"""The terminal under the console: left clean whatever ends it, and written to as little as can be.

Never knows what it shows.
"""

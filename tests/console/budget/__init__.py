"""What the console may cost: the figures of ``bench.console_ui``, with room for a machine that has other things to do.

Law: CPU time and bytes only, never how long something took; bounds that a busy machine keeps, and a mistake does not.
"""

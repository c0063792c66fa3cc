"""One module per group of commands: parse, call ``operations`` or ``views``, print.

Never a decision, and never a heavy import at the top of a module: only the called command's module is loaded.
"""

"""The command line: argv in; exit code, stdout and stderr out. States are made through the store, no daemon runs.

Law: a test never looks into the program, only at what its user would see; and never reads this machine's settings.
"""

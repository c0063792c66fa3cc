"""Scenarios whose names are sentences, foldered by what they need: nothing, servers, daemons, the whole program.

Law: a test waits with ``until``, never by sleeping; it talks to a real Postgres and a real Redis; it never
replaces our own code by a mock; and it can fail.
"""

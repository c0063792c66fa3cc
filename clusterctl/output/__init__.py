"""What jobs wrote: read where it lies, or through the agent of the machine where it lies; and deleted when it is old.

Law: bytes and places, as they are. Nothing here prints, asks Postgres or waits out an outage: whoever follows a job
decides how long to be patient. agentd serves with the same words with which the command line reads, so both know the
same gaps and the same last lines. Imports httpx only to read from another machine, and never a driver.
"""

"""What is made of measures: verdicts, reports of several runs, tables and the page; and that a peer is a peer."""

"""The command line: what stands in argv becomes a request, what comes back becomes text.

Law: a command parses, calls ``operations`` or ``views``, and prints. It never decides anything about jobs or workers,
never speaks SQL or Redis, and never imports at the top of a module what only some commands need: ``submit`` must
answer before textual, httpx or rich would have loaded. Data goes to stdout, narration to stderr; whatever a stranger
wrote passes through ``clusterctl.text.visible`` on its way to a table.

``commands`` has what is called, ``input`` what reads the words, ``display`` what writes them, ``stage`` what only
``up`` and ``demo`` need. A module of commands has an ``app`` (``verbs.Verbs()``) to which its functions are added, and
a line in ``root.MODULES`` for each, by which it is found without being imported.
"""

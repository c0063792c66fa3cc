"""The console in a browser: an HTTP server that starts a console for each that is open, and lets only its owner in.

Law: nothing is answered before name, origin and key of whoever asks have been looked at, and no console is started
before that. What runs is an argv, never a shell's line, and its secrets stand in its environment, never in its words.
Only this package imports textual_serve and aiohttp; it never knows what a console shows, and is never imported but by a
console that was asked for `--web`.
"""

from clusterctl.tui.web.options import WebOptions
from clusterctl.tui.web.serving import serve

__all__ = ["WebOptions", "serve"]

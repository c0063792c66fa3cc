"""The console that operators keep open. Widgets, and what is drawn in them: it never decides, and never asks a server.

All that it shows are frozen structs of ``model``, brought by a ``Source``. What strangers wrote becomes visible text in
``paint`` and nowhere else.
"""

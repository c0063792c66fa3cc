"""What is drawn, before any terminal: pieces of text with a tone each, bars and charts made of them.

Pure: never a widget, a clock or a server. Data becomes safe to show in ``pieces.data`` and nowhere else.
"""

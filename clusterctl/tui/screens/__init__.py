"""What fills the console under each of its number keys. A screen says what it wants of a look, and shows it.

Never asks a server, nor draws a line by itself: it posts questions, and hands what it is told to painters.
"""

"""The console: pure parts, widgets at a pilot, and the real program at a terminal."""

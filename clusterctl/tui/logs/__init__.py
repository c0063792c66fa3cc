"""What jobs write, as the console follows it: read in a thread of its own, kept as lines, and shown.

Never obeys what it reads: colours become tones, and every other code becomes visible text.
"""

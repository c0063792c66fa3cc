"""What the console asks before it does anything, and what it tells afterwards.

A deed is proposed, shown, confirmed and carried out as it was proposed; ``acting`` is the only place from which a
source is told to do anything, and asks ``gate`` just before. Dialogs know nothing of where their answers go, and never
ask a source, nor do anything themselves.
"""

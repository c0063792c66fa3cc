"""What stands around every screen: the header, the tabs, the title of a list, the filter line, the keys.

Painters are pure and know no Textual; widgets draw what they are given. Never the content of a screen, never a
question to a source.
"""

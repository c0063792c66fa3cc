"""The documents, and what makes the reference out of the code: ``python -m docs`` writes ``docs/reference`` anew.

Law: whatever the code can say of itself is generated, never copied by hand. The product never imports this package.
"""

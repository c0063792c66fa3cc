"""The pages of ``docs/reference``, each a function from the code to Markdown.

Law: a page says what the code says, in the code's own words where it has some. What it adds by hand is a meaning for
each word, in a table that must have them all: a word that is missing there is an error, never a gap in the page.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generate import cli, findings, reasons, schema, settings, states

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": cli.page,
    "settings.md": settings.page,
    "states.md": states.page,
    "schema.md": schema.page,
    "reasons.md": reasons.page,
    "findings.md": findings.page,
}

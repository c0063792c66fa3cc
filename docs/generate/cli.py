"""``cli.md``: every command with its options, from the very tree that the program parses with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clusterctl.cli import pages, root
from clusterctl.cli.verbs import EVERYWHERE, options_of_every_command, panels
from docs.generate.markdown import code, document, fence, table

INTRODUCTION = """\
Data goes to stdout, narration to stderr. On a pipe a listing is TSV with a header, neither cut nor coloured.
What each exit code means is in [reasons.md](reasons.md#exit-codes); every setting is in [settings.md](settings.md).
`clusterctl` alone is `clusterctl status`."""
SELECTORS = """\
Commands that act on jobs take *selectors*: `7`, `7-12`, `3,5,9-11`, `last` (your newest job), `all` (those that have
not ended), `array:7` (the array whose first job is 7)."""


def page() -> str:
    """The page."""
    console = root.console()
    ctx = console.context_class(console, info_name=root.PROGRAM)
    shared = [record for option in options_of_every_command([]) if (record := option.get_help_record(ctx))]
    blocks = [INTRODUCTION, SELECTORS, f"## {EVERYWHERE}", options(shared)]
    for heading, names in root.MODULES.items():
        if names:
            blocks.append(f"## {heading}")
        for name in names:
            blocks += command(console.get_command(ctx, name), name, ctx)
    return document("Commands", *blocks)


def command(found: Any, name: str, parent: Any) -> Iterator[str]:
    """The blocks of one command, and of those beneath it."""
    ctx = found.context_class(found, info_name=name, parent=parent)
    summary, examples, text = pages.parts_of(found.help or "")
    path = ctx.command_path.removeprefix(f"{root.PROGRAM} ")
    yield f"### {path}"
    yield fence([pages.usage(ctx).removeprefix("Usage: ")], "text")
    yield from (" ".join(paragraph.split()) for paragraph in (summary, *text))
    if examples:
        yield fence(examples, "console")
    for heading, records in panels(found, ctx):
        if useful := [record for record in records if "--help" not in record[0]]:
            yield f"**{heading}**"
            yield options(useful)
    for each in getattr(found, "commands", {}).values():
        yield from command(each, each.name, ctx)


def options(records: list[tuple[str, str]]) -> str:
    """Terms and explanations."""
    return table(("", ""), [(code(term), explanation) for term, explanation in records])

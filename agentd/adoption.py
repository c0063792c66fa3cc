"""Which journal to believe when two of them tell of the same allocation.

They never should: but spools are copied, and a database that was restored gives ids out again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agentd.link import Link
from agentd.records import Story


class Finding(msgspec.Struct):
    """A supervisor that an earlier agentd left, and the attempts that are its to tell of."""

    link: Link
    stories: dict[int, Story]


def sort_out(links: Sequence[Link]) -> tuple[list[Finding], list[Story]]:
    """Give each allocation to one of *links*; and the stories of other attempts that bear its number too.

    What runs under a supervisor comes before what only a journal believes to run, that before what has ended, and
    the younger before the older.
    """
    findings = [Finding(link, link.stories()) for link in links]
    best: dict[int, tuple[tuple[bool, bool, float], Link, Story]] = {}
    for finding in findings:
        for id, story in finding.stories.items():
            claim = (rank(finding.link, story), finding.link, story)
            if id not in best or claim[0] > best[id][0]:
                best[id] = claim
    rivals = []
    for finding in findings:
        for id in [id for id in finding.stories if best[id][1] is not finding.link]:
            story = finding.stories.pop(id)
            if story.begin.token != best[id][2].begin.token:
                rivals.append(story)
    return findings, rivals


def rank(link: Link, story: Story) -> tuple[bool, bool, float]:
    """How far *link*'s word about *story* is to be believed."""
    return (story.ended is None and link.connection is not None, story.ended is None, story.begin.at)

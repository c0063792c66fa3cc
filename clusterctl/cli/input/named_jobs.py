"""The jobs that ``--after last`` and ``--after array:7`` mean: the cluster is asked, once for each word."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.cli.invocation import Invocation
from clusterctl.model.errors import BadInput, NotFound
from clusterctl.model.spec import MAX_ARRAY


class NamedJobs:
    """Tells what jobs a word means. Of many submissions all wait for the same, whatever is submitted meanwhile."""

    def __init__(self, asked: Invocation) -> None:
        self._asked = asked
        self._known: dict[str, Sequence[int]] = {}

    def __call__(self, word: str) -> Sequence[int]:
        """Numbers, ascending, at least one. Raises NotFound, BadInput for too many, Outage."""
        if word not in self._known:
            self._known[word] = self._look(word)
        return self._known[word]

    def _look(self, word: str) -> Sequence[int]:
        from clusterctl import views
        from clusterctl.model.selection import Selection

        with self._asked.cluster() as cluster:
            if word == "last":
                return [views.last_id(cluster)]
            found = views.job_ids(cluster, Selection(array_id=int(word.removeprefix("array:"))), MAX_ARRAY + 1)
        if not found:
            raise NotFound(f"no job is meant by --after {word}", "`clusterctl jobs --all` lists all that there are")
        if len(found) > MAX_ARRAY:
            raise BadInput(f"--after {word}: more than {MAX_ARRAY:,} jobs")
        return found

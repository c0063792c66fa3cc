"""What to look at or mend: ``job:42``, ``service:web``, ``allocation:7``, ``worker:w1``, ``cluster``, or a code."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from clusterctl.cluster import Cluster
from clusterctl.doctor.registry import BY_CODE
from clusterctl.model.errors import BadInput, NotFound
from clusterctl.model.findings import Examination, Finding
from clusterctl.store import evidence, service_rows

FORMS = "write job:42, service:web, allocation:7, worker:w1, cluster, or a code such as reserved_expired"
NUMBERED = ("job", "service", "allocation")
NUMBER = re.compile("[0-9]{1,18}")
SUBJECT = re.compile(rf"(?:{'|'.join(NUMBERED)}):[0-9]{{1,18}}|(?:service|worker|setting):.+|cluster", re.DOTALL)


class Targets(NamedTuple):
    """What is meant must be of one of ``codes`` and about one of ``subjects``, where there are any."""

    codes: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()

    def mean(self, finding: Finding) -> bool:
        """Whether *finding* is meant."""
        right_kind = not self.codes or finding.code in self.codes
        return right_kind and (not self.subjects or any(each in finding.concerns for each in self.subjects))


def parse(words: Sequence[str]) -> Targets:
    """Tell codes from subjects. Raises BadInput."""
    for word in words:
        if word not in BY_CODE and not SUBJECT.fullmatch(word):
            near = difflib.get_close_matches(word, BY_CODE, n=1)
            raise BadInput(f"{word!a:.80} is no code and no subject", f"did you mean {near[0]}?" if near else FORMS)
    codes = tuple(word for word in words if word in BY_CODE)
    return Targets(codes, tuple(normal(word) for word in words if word not in BY_CODE))


def normal(subject: str) -> str:
    """``job:007`` is job 7."""
    kind, _, name = subject.partition(":")
    return f"{kind}:{int(name)}" if kind in NUMBERED and NUMBER.fullmatch(name) else subject


def by_number(cluster: Cluster, subject: str) -> str:
    """``service:web`` as ``service:42``, and any other subject as it is. Raises NotFound; BadInput for several."""
    kind, _, name = subject.partition(":")
    if kind != "service" or NUMBER.fullmatch(name):
        return subject
    numbers = service_rows.numbers_of(cluster.db, name)
    if len(numbers) > 1:
        raise BadInput(f"{len(numbers)} services are called {name!a:.80}", "name one by its number")
    if not numbers:
        raise NotFound(f"no service {name!a:.80}", "`clusterctl services` lists them")
    return f"service:{numbers[0]}"


def narrow(cluster: Cluster, examination: Examination, targets: Targets) -> Examination:
    """Only what *targets* mean. Raises NotFound for a subject of which nobody knows anything, BadInput for several."""
    targets = targets._replace(subjects=tuple(by_number(cluster, subject) for subject in targets.subjects))
    found = tuple(finding for finding in examination.findings if targets.mean(finding))
    concerned = {subject for finding in examination.findings for subject in finding.concerns}
    for subject in targets.subjects:
        kind, _, name = subject.partition(":")
        if subject not in concerned and kind != "cluster" and not evidence.exists(cluster.db, kind, name):
            raise NotFound(f"no {kind} {name!a:.80}", "`clusterctl doctor` without a target looks at everything")
    return replace(examination, findings=found)

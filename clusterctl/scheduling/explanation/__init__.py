"""Why a job is where it is: the answer of ``explain``, and of ``submit --dry-run`` before there is a job.

Law: nothing here decides. What passes is asked of ``FILTERS``, who starts of ``plan``, whose turn it is of ``order``:
an explanation that knew a rule of its own could say something else than schedd does. And never a clock, a database
or chance, as in all of ``scheduling``.
"""

from clusterctl.scheduling.explanation.ended import explain_ended, last_end
from clusterctl.scheduling.explanation.everywhere import explain_everywhere
from clusterctl.scheduling.explanation.parents import explain_hopeless, unmet
from clusterctl.scheduling.explanation.placed import explain_placed
from clusterctl.scheduling.explanation.waiting import explain_waiting, never_starts

__all__ = [
    "explain_ended",
    "explain_everywhere",
    "explain_hopeless",
    "explain_placed",
    "explain_waiting",
    "last_end",
    "never_starts",
    "unmet",
]

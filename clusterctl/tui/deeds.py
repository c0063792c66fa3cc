"""Which deeds fit what is marked, or under the cursor, and why others do not. Pure.

What is not known of a subject never stands in the way: the proposal looks anew, and says what it will leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeVar

from clusterctl.model.claim_log import ClaimPicture
from clusterctl.model.findings import Finding
from clusterctl.model.job_verbs import Seen, decide
from clusterctl.model.looks import Key, Look, Page
from clusterctl.model.pictures import JobPicture, WorkerPicture
from clusterctl.model.proposals import Deed
from clusterctl.model.services import ServicePicture
from clusterctl.model.states import AdminState, JobState, LiveState

Row = TypeVar("Row")
JobVerb = Literal["cancel", "requeue", "hold", "release"]
Asked = Literal["", "replicas", "deadline", "prune"]
JOB_KEYS: Mapping[JobVerb, str] = {"cancel": "K", "requeue": "R", "hold": "H", "release": "H"}
STATES = frozenset(JobState)
NOT_HERE = "nothing here that it could be done to"


class Meant(NamedTuple):
    """What a deed would be about.

    ``subjects``: marked, or under the cursor; ``hidden``: how many marked ones a filter hides, which are left alone.
    ``findings``: those that are meant, on screens that show findings; ``known``: all that were found. The rest is what
    is known of the subjects, by their keys.
    """

    subjects: tuple[str, ...] = ()
    hidden: int = 0
    findings: tuple[Finding, ...] = ()
    known: tuple[Finding, ...] = ()
    jobs: Mapping[Key, JobPicture] = {}
    workers: Mapping[Key, WorkerPicture] = {}
    services: Mapping[Key, ServicePicture] = {}
    claims: Mapping[Key, ClaimPicture] = {}

    def named(self, kind: str) -> tuple[str, ...]:
        """Which jobs, workers or services: the subjects themselves, and what findings and claims among them concern."""
        concerned = (each for finding in self.findings for each in finding.concerns)
        return names_of((*self.subjects, *concerned, *(f"job:{claim.job_id}" for claim in self.decided())), kind)

    def decided(self) -> Iterator[ClaimPicture]:
        """The claims that are meant, about a job each."""
        numbers = map(int, names_of(self.subjects, "claim"))
        found = (self.claims[number] for number in numbers if number in self.claims)
        return (claim for claim in found if claim.job_id is not None)


@lru_cache(16)
def names_of(subjects: tuple[str, ...], kind: str) -> tuple[str, ...]:
    """What those of that *kind* are called, each once. Asked again and again about the same, which may be 10,000."""
    start = f"{kind}:"
    return tuple(dict.fromkeys(each[len(start) :] for each in subjects if each.startswith(start)))


class Offer(NamedTuple):
    """A deed in the menu. ``why_not``: why it cannot be done to what is meant; empty if it can.

    ``asks``: what somebody has to say first. ``things``: how many it is about. ``services``: the jobs are their
    replicas, whose numbers are not known yet. ``about``: what it would be done to; empty for what is wrong with it all.
    """

    label: str
    key: str = ""
    deed: Deed | None = None
    why_not: str = ""
    asks: Asked = ""
    things: int = 1
    services: tuple[int, ...] = ()
    about: str = ""


def meant(look: Look | None, subjects: tuple[str, ...], **other: Any) -> Meant:
    """What is meant, with what the last look has brought of it."""
    return Meant(
        subjects=subjects,
        jobs=rows_of(look.jobs) if look else {},
        workers=rows_of(look.workers) if look else {},
        services=rows_of(look.services) if look else {},
        claims=rows_of(look.claims) if look else {},
        **other,
    )


def rows_of(page: Page[Row] | None) -> Mapping[Key, Row]:
    """The rows of which the fields are known."""
    return page.rows if page is not None else {}


def offers(meant: Meant) -> list[Offer]:
    """All that can be done to what is meant, and what cannot, with the reason; then what needs no subject."""
    families = (
        ("", fixes(meant)),
        (named(meant, "job", "service"), of_jobs(meant)),
        (named(meant, "worker"), of_workers(meant)),
        (named(meant, "service"), of_services(meant)),
        ("the cluster", of_the_cluster(meant)),
    )
    return [offer._replace(about=about) for about, some in families for offer in some]


def named(meant: Meant, *kinds: str) -> str:
    """Those of such *kinds* that are meant: ``job 7 and 2 services``."""
    return " and ".join(called(kind, names) for kind in kinds if (names := meant.named(kind)))


def offered(meant: Meant, key: str) -> Offer:
    """What *key* stands for now."""
    fitting = [each for each in offers(meant) if each.key == key]
    return next((each for each in fitting if not each.why_not), fitting[0] if fitting else Offer("", why_not=NOT_HERE))


def fixes(meant: Meant) -> Iterator[Offer]:
    """``F``: what puts right what is wrong with it."""
    subjects = frozenset(meant.subjects)
    about = meant.findings or tuple(each for each in meant.known if not subjects.isdisjoint(each.concerns))
    mends = tuple(each for each in about if each.fix.available)
    if mends:
        yield Offer(f"Mend {counted(len(mends), 'finding')}", "F", Deed(verb="mend", findings=mends), things=len(mends))
    dead = silent_ones(meant, about)
    if dead and not mends:
        yield Offer(f"{vouching(dead)} dead", "F", Deed(verb="confirm_dead", workers=dead), things=len(dead))
    if not mends and not dead and (meant.subjects or about):
        yield Offer("Suggested fix", "F", why_not=left_to_a_person(about))


def silent_ones(meant: Meant, about: Sequence[Finding]) -> tuple[str, ...]:
    """Silent workers, of which what they hold can only come free when somebody vouches that they are dead."""
    told = [each for each in about if each.fix.kind == "confirm_dead"]
    by_findings = [each[7:] for finding in told for each in finding.concerns if each.startswith("worker:")]
    homes = [job.worker for job in rows(meant.jobs, map(int, meant.named("job"))) if job.worker]
    by_look = [*meant.named("worker"), *homes]
    silent = [name for name in by_look if name in meant.workers and meant.workers[name].live_state == LiveState.SILENT]
    return tuple(dict.fromkeys([*by_findings, *silent]))


def left_to_a_person(about: Sequence[Finding]) -> str:
    """Why nothing is suggested."""
    if not about:
        return "nothing is known to be wrong with it"
    told = next((", ".join(part for part in (each.fix.command, each.fix.change) if part) for each in about), "")
    return f"left to a person: {told or 'nobody knows what would be right'}"


def of_jobs(meant: Meant) -> Iterator[Offer]:
    """``K``, ``R`` and ``H``: what is done to jobs, and to the replicas of services."""
    numbers = tuple(map(int, meant.named("job")))
    services = tuple(map(int, meant.named("service")))
    if not numbers and not services:
        return
    for verb in JOB_KEYS:
        yield verb_of_jobs(verb, meant, numbers, services)


def verb_of_jobs(verb: JobVerb, meant: Meant, numbers: Sequence[int], services: Sequence[int]) -> Offer:
    """*verb* for these jobs: possible if it is for one of them, or if of one of them nothing is known."""
    known = [job for job in rows(meant.jobs, numbers) if job.state in STATES]
    steps = [decide(verb, seen_in(job)) for job in known]
    fits = bool(services) or len(known) < len(numbers) or any(step.fate == "done" for step in steps)
    whose = f"all replicas of {called('service', services)}" if services else called("job", numbers)
    reserved = verb == "requeue" and known and all(job.state == JobState.SCHEDULED for job in known)
    words = "Give back the reservation of" if reserved else verb.capitalize()
    return Offer(
        f"{words} {whose}",
        JOB_KEYS[verb],
        Deed(verb=verb, jobs=tuple(numbers)),
        why_not="" if fits else steps[0].foreseen,
        things=len(numbers) + len(services),
        services=tuple(services),
    )


def seen_in(job: JobPicture) -> Seen:
    """As much of it as decides what can be done; that its agent was asked to stop it is not shown in lists."""
    held_by = job.allocation.id if job.allocation else None
    service = job.service.id if job.service else None
    asked = job.cancel_requested_at is not None
    return Seen(job.id, JobState(job.state), job.worker, None, asked, held_by, service)


def of_workers(meant: Meant) -> Iterator[Offer]:
    """``P``: whether workers get new jobs; and what is done to workers that are gone."""
    names = meant.named("worker")
    if not names:
        return
    whom = called("worker", names)
    drain = Deed(verb="drain", workers=names)
    state = next((worker.admin_state for worker in rows(meant.workers, names)), "")
    open_ = unless(meant, names, f"{state} already", lambda worker: worker.admin_state == AdminState.OPEN)
    shut = unless(meant, names, f"{state} already", lambda worker: worker.admin_state != AdminState.OPEN)
    silent = unless(meant, names, "only of a silent worker", lambda worker: worker.live_state == LiveState.SILENT)
    gone = unless(meant, names, "only what is not up, and holds nothing", is_gone)
    things = len(names)
    yield Offer(f"Drain {whom}", "P", drain, why_not=open_, things=things)
    yield Offer(f"Drain {whom}, with a deadline …", "", drain, why_not=open_, asks="deadline", things=things)
    yield Offer(f"Resume {whom}", "P", Deed(verb="resume", workers=names), why_not=shut, things=things)
    yield Offer(f"{vouching(names)} dead", "", Deed(verb="confirm_dead", workers=names), why_not=silent, things=things)
    yield Offer(f"Forget {whom}", "", Deed(verb="forget", workers=names), why_not=gone, things=things)


def is_gone(worker: WorkerPicture) -> bool:
    """Whether it can be forgotten."""
    return worker.live_state != LiveState.UP and not worker.jobs


def unless(meant: Meant, names: Sequence[str], otherwise: str, fits: Callable[[WorkerPicture], bool]) -> str:
    """Empty if it fits one of the workers, or if of one of them nothing is known; *otherwise* if not."""
    known = rows(meant.workers, names)
    return "" if len(known) < len(names) or any(map(fits, known)) else otherwise


def of_services(meant: Meant) -> Iterator[Offer]:
    """``S``, and a rolling restart: what is done to a service as a whole."""
    numbers = tuple(map(int, meant.named("service")))
    if not numbers:
        return
    known = rows(meant.services, numbers)
    why = "one service at a time" if len(numbers) > 1 else ""
    why = why or next((f"service {each.id} has ended" for each in known if each.state == "ended"), "")
    everywhere = next((f"service {each.id} has a replica on every worker" for each in known if each.every_worker), "")
    whom = called("service", numbers)
    scale = Deed(verb="scale", service=numbers[0])
    yield Offer(f"Scale {whom} …", "S", scale, why_not=why or everywhere, asks="replicas", things=len(numbers))
    restart = Deed(verb="restart", service=numbers[0])
    yield Offer(f"Restart {whom}, one replica after the other", "", restart, why_not=why, things=len(numbers))


def of_the_cluster(meant: Meant) -> Iterator[Offer]:
    """What needs no subject."""
    stuck = tuple(each for each in meant.known if each.stuck and each.fix.available)
    why = "" if stuck else "nothing that is known to be stuck can be mended"
    yield Offer("Mend all that is stuck", "", Deed(verb="mend", findings=stuck), why_not=why, things=len(stuck))
    yield Offer("Forget what is old …", "", Deed(verb="prune"), asks="prune")


def rows(known: Mapping[Key, Row], keys: Iterable[Key]) -> list[Row]:
    """Those of which something is known."""
    return [known[key] for key in keys if key in known]


def called(kind: str, subjects: Sequence[object]) -> str:
    """``job 7``, ``12 jobs``."""
    return f"{kind} {subjects[0]}" if len(subjects) == 1 else counted(len(subjects), kind)


def vouching(names: Sequence[str]) -> str:
    """``Confirm that worker w1 is``."""
    return f"Confirm that {called('worker', names)} {'is' if len(names) == 1 else 'are'}"


def counted(count: int, thing: str) -> str:
    """``1 job``, ``1,200 jobs``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"

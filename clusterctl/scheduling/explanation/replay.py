"""What is to come, if nothing new happens: what runs ends when it should, and ``plan`` gives away what comes free.

A guess with a method. It begins where the plan of now ends. Each end that is expected frees its worker; then the
planner itself is asked, with all that waits, until the job starts. It is asked about the workers on which something has
ended since: on the others nothing has changed, and they had no room for any that waits; and about the worker that is
kept for the first that waits for room. It is bounded: ends that lie close together count as one, of a long queue the
first groups take part, and after so much work it gives up and says how far it has come. What will be measured nobody
knows, so nothing goes by measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import accumulate, islice
from typing import NamedTuple

from msgspec.structs import replace

from clusterctl.model.circumstances import UNSEEN
from clusterctl.model.plan import Plan, Start
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState
from clusterctl.model.steering import Steering
from clusterctl.scheduling.explanation import ends
from clusterctl.scheduling.explanation.limits import Limits
from clusterctl.scheduling.explanation.scene import Scene
from clusterctl.scheduling.filters import sift
from clusterctl.scheduling.order import Turns, capacity_up
from clusterctl.scheduling.roster import Roster, each
from clusterctl.scheduling.round import plan

MOST_RIVALS = 50  # groups that take part
MOST_WORK = 10_000  # workers and jobs that the planner is asked about, and its STARTs: half a tenth of a second
START = 10
MOST_STARTS = 500  # in one step
FEW = 64  # workers: of so many, all take part in each step
NOTHING = Resources()
COARSE = 0.01  # ends count as one if they are closer than this part of the way to them


class Outlook(NamedTuple):
    """When and where the job starts; without a worker, how far was looked in vain.

    ``ended``: what ended on that worker before; ``started``: how many jobs start before it. ``gave_up``: there was more
    to come.
    """

    at: float
    worker_id: int | None
    ended: tuple[int, ...]
    started: int
    gave_up: bool


class Release(NamedTuple):
    """What comes free when, and of which job."""

    at: float
    number: int  # ties are told apart by it
    worker_id: int
    tenant: str
    shape: str
    request: Resources
    job_id: int


def look_ahead(scene: Scene) -> Outlook:
    """Let time pass until the job starts."""
    return Replay(scene).run()


class Replay:
    """The cluster as it will be. Of each group it knows how many jobs are left, not which."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._now = scene.snapshot.at
        workers = scene.snapshot.workers
        self._held = {worker.id: worker.reserved + worker.allocated for worker in workers}
        self._stirred: set[int] = set()  # workers that may have room
        self._anywhere = False  # any worker may
        shadow = scene.outcome.shadow
        self._kept = None if shadow is None else shadow.worker_id  # the worker that is kept
        self._limits = Limits(self._now, scene.snapshot.grace_s, scene.circumstances.holdings)
        self._pools: dict[str, tuple[int, ...]] = {}  # per shape: the workers that could hold it if they were empty
        self._work = 0
        self._groups = {group.shape: group for group in islice(rivals(scene), MOST_RIVALS)}
        self._taken = dict.fromkeys(self._groups, 0)
        self._slots = {shape: group.slots for shape, group in self._groups.items()}
        sizes = accumulate((scene.crowds[shape].jobs + 1 for shape in self._groups), initial=1)
        self._first_numbers = dict(zip(self._groups, sizes, strict=False))
        self._used = dict(scene.snapshot.used)
        self._jobs = {tenant: quota.holds for tenant, quota in scene.snapshot.quotas.items()}
        steering = unmeasured(scene.snapshot.steering)
        self._base = replace(scene.snapshot, queue=(), endings=(), steering=steering, max_starts=MOST_STARTS)
        self._ended: list[Release] = []
        self._releases = list(self._expected())
        self._number = len(self._releases)
        heapify(self._releases)
        self._started = 0
        self._carry_out(scene.outcome, {job: group for group in scene.snapshot.queue for job in group.ids})

    def run(self) -> Outlook:
        """Let something end, ask the planner, and so on."""
        again = self._anywhere = self._scene.outcome.more
        while self._work < MOST_WORK:
            if not again and not self._pass_time():
                return self._outlook(None, gave_up=self._scene.group.shape not in self._groups)
            picture = self._picture()
            outcome = plan(picture)
            heads = sum(len(group.ids) for group in picture.queue)
            self._work += len(picture.workers) + heads + START * len(outcome.starts)
            again = self._keeps_another(outcome)
            if again:
                continue
            own = next((start for start in outcome.starts if start.job_id == self._scene.job[1]), None)
            if own is not None:
                self._started += outcome.starts.index(own)
                return self._outlook(own.worker_id)
            self._carry_out(outcome, {job: self._groups[group.shape] for group in picture.queue for job in group.ids})
            again = outcome.more
        return self._outlook(None, gave_up=True)

    def _outlook(self, worker_id: int | None, *, gave_up: bool = False) -> Outlook:
        ended = tuple(end.job_id for end in self._ended if end.worker_id == worker_id and 0 < end.job_id < UNSEEN)
        return Outlook(self._now, worker_id, ended, self._started, gave_up)

    def _carry_out(self, outcome: Plan, groups: Mapping[int, QueueGroup]) -> None:
        """The jobs start that the plan starts; *groups* has theirs. Then nobody has room, unless there is more."""
        for start in outcome.starts:
            self._take(groups[start.job_id], start)
        if not outcome.more:
            self._stirred.clear()
            self._anywhere = False

    def _expected(self) -> Iterator[Release]:
        """What is held now, and has an end."""
        count = len(self._scene.circumstances.holdings)
        for number, (held, end) in enumerate(self._scene.ends[:count]):
            if end.at is not None and held.worker_id in self._held:
                yield Release(end.at, number, held.worker_id, held.tenant, held.shape, held.request, held.job_id)

    def _keeps_another(self, outcome: Plan) -> bool:
        """Whether the first that waits for room has it first on a worker about which the planner was not asked."""
        shadow = outcome.shadow
        former, self._kept = self._kept, None if shadow is None else shadow.worker_id
        if shadow is None or shadow.at is None or len(self._held) <= FEW:
            return False
        head = self._groups[shadow.shape]
        workers = ((id, self._scene.workers[id].capacity - self._held[id]) for id in self._pool(head))
        self._kept = self._limits.first_room(head, dict(workers))
        return self._kept not in self._stirred and self._kept != former

    def _pool(self, group: QueueGroup) -> tuple[int, ...]:
        """The workers that could hold a job of *group* if they were empty, by name."""
        if group.shape not in self._pools:
            roster = self._scene.unbounded
            members = sift(replace(group, slots=None), roster).pool & roster.capacities.at_least(group.request)
            self._pools[group.shape] = tuple(roster.workers[at].id for at in each(members))
        return self._pools[group.shape]

    def _picture(self) -> Snapshot:
        """The snapshot of this moment."""
        asked = set(self._held) if self._anywhere or len(self._held) <= FEW else set(self._stirred)
        if self._kept is not None:
            asked.add(self._kept)
        workers = [replace(self._scene.workers[id], reserved=Resources(), allocated=self._held[id]) for id in asked]
        room = sum(max(0, worker.free.cpu_milli) for worker in workers)
        queue = tuple(head for group in self._groups.values() if (head := self._head(group, room)).ids)
        others = [worker for worker in self._base.workers if worker.id not in asked]
        return replace(
            self._base,
            at=self._now,
            workers=(*workers, at_rest(others)) if others else tuple(workers),
            queue=queue,
            used=self._used,
            quotas={tenant: replace(self._base.quotas[tenant], holds=jobs) for tenant, jobs in self._jobs.items()},
            endings=tuple(self._limits.of(asked)),
        )

    def _head(self, group: QueueGroup, room: int) -> QueueGroup:
        """What is left of *group*: as many jobs as could start."""
        taken, jobs = self._taken[group.shape], self._scene.crowds[group.shape].jobs
        shown = min(jobs - taken, self._base.max_starts, room // max(group.request.cpu_milli, 1) + 1)
        ids, submitted = self._turns(group, taken, taken + shown)
        return replace(
            group,
            ids=ids,
            submitted=submitted,
            slots=self._slots[group.shape],
            more=taken + shown < jobs,
        )

    def _turns(self, group: QueueGroup, start: int, end: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """The numbers of the jobs at these places of their group, and when each was submitted.

        Of those that the snapshot does not hold, it is only known on which side of the job to explain they stand.
        """
        crowd, first = self._scene.crowds[group.shape], self._first_numbers[group.shape]
        submitted, job = self._scene.job
        last = group.submitted[-1]
        unseen = max(start, len(group.ids))
        own = behind = min(max(unseen, crowd.before), end)
        if own == crowd.before and own < end and group.shape == self._scene.group.shape:
            behind += 1  # its own place
        is_own = behind - own
        ids = (
            *group.ids[start:end],
            *range(-unseen - first, -own - first, -1),
            *(job,) * is_own,
            *range(UNSEEN + behind + first, UNSEEN + end + first),
        )
        moments = (
            *group.submitted[start:end],
            *(last,) * (own - unseen),
            *(submitted,) * is_own,
            *(max(last, submitted),) * (end - behind),
        )
        return ids, moments

    def _take(self, group: QueueGroup, start: Start) -> None:
        """A job starts, and will end if anything tells when."""
        self._started += 1
        self._number += 1
        if group.shape in self._taken:
            self._taken[group.shape] += 1
        self._change(start.worker_id, group.tenant, group.shape, group.request, -1)
        self._limits.begin(self._number, start.worker_id, group.request, group.time_limit_s, self._now)
        seconds = ends.duration(group.time_limit_s, self._scene.crowds[group.shape].similar)
        if seconds is not None and group.kind == "batch":
            at = self._now + seconds
            key = self._number
            end = Release(at, key, start.worker_id, group.tenant, group.shape, group.request, start.job_id)
            heappush(self._releases, end)

    def _pass_time(self) -> bool:
        """Go on to the next end, and to those that follow closely; False if there is none."""
        if not self._releases:
            return False
        soon = self._releases[0].at
        soon += COARSE * (soon - self._base.at)
        while self._releases and self._releases[0].at <= soon:
            over = heappop(self._releases)
            self._now = max(self._now, over.at)
            self._change(over.worker_id, over.tenant, over.shape, over.request, 1)
            self._limits.end(over.number, over.worker_id)
            self._ended.append(over)
        return True

    def _change(self, worker_id: int, tenant: str, shape: str, request: Resources, sign: int) -> None:
        """*request* comes free (1), or is taken (-1)."""
        held, used = self._held[worker_id], self._used.get(tenant, NOTHING)
        self._held[worker_id] = held - request if sign > 0 else held + request
        self._used[tenant] = used - request if sign > 0 else used + request
        self._stirred.add(worker_id)
        if tenant in self._jobs:
            self._jobs[tenant] -= sign
            self._anywhere = True  # room in a quota is room on any worker, and so is a place in an array
        if (slots := self._slots.get(shape)) is not None:
            self._slots[shape] = slots + sign
            self._anywhere = True


def at_rest(workers: Iterable[WorkerPicture]) -> WorkerPicture:
    """One worker that stands for all of *workers*: it takes no job, and its size counts in the shares of tenants."""
    return WorkerPicture(id=0, name="", capacity=capacity_up(workers), admin_state=AdminState.CLOSED)


def unmeasured(steering: Steering) -> Steering:
    """The same rules without measures; and all that a round could do, it does."""
    return replace(steering, use_measures="never", service_claims_per_round=MOST_STARTS)


def emptied(snapshot: Snapshot) -> Snapshot:
    """The cluster as if nobody held anything, and no tenant had a quota."""
    nothing = Resources()
    workers = (replace(worker, reserved=nothing, allocated=nothing, charged=nothing) for worker in snapshot.workers)
    return replace(snapshot, workers=tuple(workers), used={}, quotas={}, steering=unmeasured(snapshot.steering))


def rivals(scene: Scene) -> Iterator[QueueGroup]:
    """The groups that could ever start, each at the first turn that it has, were each to start one job.

    The subject's own stands at its place too: if it is far behind, it is not among the first.
    """
    roster = Roster(emptied(scene.snapshot))
    groups = {group.shape: group for group in scene.snapshot.queue}
    heads = (replace(group, ids=group.ids[:1], submitted=group.submitted[:1]) for group in groups.values())
    turns = Turns(replace(scene.snapshot, queue=tuple(heads)))
    while line := turns.current():
        group = groups[line.group.shape]
        if sift(group if group.slots is None else replace(group, slots=None), roster).left:
            turns.start()
            yield group
        else:
            turns.leave()

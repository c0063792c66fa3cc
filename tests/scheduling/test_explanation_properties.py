"""Whatever the cluster: what is explained is what the planner does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clusterctl.model.circumstances import Circumstances, Crowd, Holding, Subject
from clusterctl.model.explanation import Change, Explanation
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup, Snapshot
from clusterctl.model.states import AdminState
from clusterctl.scheduling import plan
from clusterctl.scheduling.explanation import explain_waiting
from clusterctl.scheduling.explanation.scene import UNLOOKED_AT
from clusterctl.scheduling.order import Turns
from clusterctl.units import parse_cpus, parse_duration, parse_memory
from tests.scheduling.explained import like, seconds, subject
from tests.scheduling.pictures import snapshots, whole_snapshots
from tests.scheduling.plain import decide

LIMIT, INDEX = 7, 3  # of each array, and of the job in it
Case = tuple[Snapshot, Subject]


@st.composite
def cases(draw: st.DrawFn, among: st.SearchStrategy[Snapshot] | None = None) -> Case:
    """A snapshot *among* those, by default with everything that a cluster has, and one of its jobs."""
    snapshot = draw((whole_snapshots() if among is None else among).filter(lambda snapshot: bool(snapshot.queue)))
    group = draw(st.sampled_from(snapshot.queue))
    at = draw(st.integers(0, len(group.ids) - 1))
    of_array = {} if group.slots is None else {"array_limit": LIMIT, "array_index": INDEX}
    return snapshot, subject(snapshot, group.shape, at, **of_array)


def explained(case: Case, circumstances: Circumstances | None = None) -> Explanation:
    return explain_waiting(*case, circumstances or Circumstances())


@given(cases())
def test_it_is_told_to_start_just_where_the_planner_starts_it(case: Case) -> None:
    snapshot, job = case
    names = {worker.id: worker.name for worker in snapshot.workers}
    started = {start.job_id: names[start.worker_id] for start in plan(snapshot).starts}
    found = explained(case)
    told = found.best.worker if found.best and found.best.score is not None else None
    assert told == started.get(job.group.ids[0])
    assert found.headline.startswith("starts in the next round") == (told is not None)


@given(cases())
def test_steps_and_candidates_are_all_workers_and_agree_with_the_planner(case: Case) -> None:
    snapshot, job = case
    found = explained(case)
    removed = {step.filter: step.removed for step in found.steps}
    assert sum(removed.values()) + found.candidates == len(snapshot.workers)
    outcome = plan(snapshot)
    if any(start.job_id == job.group.ids[0] for start in outcome.starts):
        assert found.candidates
        return
    (wait,) = (wait for wait in outcome.waits if wait.shape == job.group.shape)
    assert found.reason == wait.reason
    if wait.reason not in UNLOOKED_AT:
        assert removed == wait.refusals
        assert not found.candidates


@given(cases())
def test_a_proposed_change_really_starts_it(case: Case) -> None:
    snapshot, job = case
    names = {worker.id: worker.name for worker in snapshot.workers}
    for change in explained(case).changes:
        if change.option.startswith("clusterctl "):
            id, starts = job.group.ids[0], plan(conceded(snapshot, change.option.split()[1:])).starts
        else:
            id, starts = 10**6, plan(changed(snapshot, job, change)).starts
        assert [names[start.worker_id] for start in starts if start.job_id == id] == [change.starts_on]


def conceded(snapshot: Snapshot, words: list[str]) -> Snapshot:
    """The picture after an operator's command."""
    if words[0] == "resume":
        workers = tuple(
            replace(worker, admin_state=AdminState.OPEN) if worker.name == words[1] else worker
            for worker in snapshot.workers
        )
        return replace(snapshot, workers=workers)
    if words[:2] == ["config", "set"]:
        return replace(snapshot, steering=replace(snapshot.steering, **{words[2]: words[3]}))
    assert words[0] == "tenant"
    quota = snapshot.quotas[words[1]]
    for option, value in pairwise(words):
        if option == "--max-cpus":
            quota = replace(quota, cpu_milli=parse_cpus(value))
        elif option == "--max-running":
            quota = replace(quota, running=int(value))
    return replace(snapshot, quotas={**snapshot.quotas, words[1]: quota})


def changed(snapshot: Snapshot, job: Subject, change: Change) -> Snapshot:
    """The picture after the job was cancelled, and submitted anew with that change."""
    words = change.option.split()
    wishes: dict[str, object] = {}
    request = smaller(job.group.request, words)
    for option, value in pairwise(words):
        if option == "--tenant":
            wishes["tenant"] = value
        elif option == "--time-limit":
            wishes["time_limit_s"] = round(parse_duration(value))
        elif option == "--priority":
            wishes["priority"] = int(value)
        elif option == "--label":
            key, _, text = value.partition("=")
            wishes["labels"] = {name: each for name, each in job.group.labels.items() if (name, each) != (key, text)}
        elif option == "--array":
            assert value == str(INDEX)
            wishes["slots"] = None
    if words[-1] == "--worker":
        wishes["worker"] = None
    new = replace(job.group, shape="new", request=request, ids=(10**6,), submitted=(1e6,), more=False, **wishes)
    return replace(snapshot, queue=(*others(snapshot, job), new))


def smaller(request: Resources, words: list[str]) -> Resources:
    """The request with the amounts of an option."""
    for option, value in pairwise(words):
        if option == "--cpus":
            request = replace(request, cpu_milli=parse_cpus(value))
        elif option == "--memory":
            request = replace(request, memory_mb=parse_memory(value))
        elif option == "--gpus":
            request = replace(request, gpus=int(value))
    return request


def others(snapshot: Snapshot, job: Subject) -> Iterator[QueueGroup]:
    """The queue without the job."""
    for group in snapshot.queue:
        turns = [turn for turn in zip(group.ids, group.submitted, strict=True) if turn[0] != job.group.ids[0]]
        if turns:
            yield replace(group, ids=tuple(id for id, _ in turns), submitted=tuple(at for _, at in turns))


@given(cases())
def test_changes_are_few_and_none_is_proposed_to_what_starts(case: Case) -> None:
    found = explained(case)
    assert len(found.changes) <= 3
    assert not (found.changes and found.best and found.best.score is not None)


@given(cases())
def test_the_position_is_how_many_have_their_turn_before(case: Case) -> None:
    snapshot, job = case
    turns, before = Turns(snapshot), 0
    while (line := turns.current()) and line.group.ids[line.taken] != job.group.ids[0]:
        turns.start()
        before += 1
    position = explained(case).position
    assert position is not None
    assert position.of == sum(len(group.ids) for group in snapshot.queue)
    if position.exact:
        assert position.before == before
    assert 0 <= position.before < position.of


@given(cases(snapshots()), st.data())
def test_the_start_that_is_foreseen_is_the_one_that_time_brings(case: Case, data: st.DataObject) -> None:
    snapshot, job = case
    spans = st.integers(1, 40)
    held = tuple(
        Holding(
            job_id=5000 + number,
            worker_id=worker.id,
            worker=worker.name,
            tenant="nobody",
            shape="other",
            kind="batch",
            request=worker.allocated,
            since=0.0,
            time_limit_s=data.draw(st.none() | spans),
        )
        for number, worker in enumerate(snapshot.workers)
    )
    runs = {group.shape: float(data.draw(spans)) for group in snapshot.queue}
    mine = (job.group.submitted[0], job.group.ids[0])
    crowds = tuple(
        Crowd(
            shape=group.shape,
            jobs=len(group.ids),
            before=sum(turn < mine for turn in zip(group.submitted, group.ids, strict=True)),
            similar=like(runs[group.shape]),
        )
        for group in snapshot.queue
    )
    foreseen = seconds(explained(case, Circumstances(holdings=held, crowds=crowds)))
    comes = lived_through(snapshot, job.group.ids[0], held, runs)
    # Ends that lie closer than a hundredth of the way to them are taken together: then it may come otherwise.
    if comes is None:
        assert foreseen is None
    elif comes < 100:
        assert foreseen == comes


def lived_through(snapshot: Snapshot, job: int, held: tuple[Holding, ...], runs: dict[str, float]) -> float | None:
    """When the plain planner starts *job*, if time passes second by second; None if it never does."""
    groups = {id: group for group in snapshot.queue for id in group.ids}
    ends = [(float(each.time_limit_s), each.worker_id, "", each.request) for each in held if each.time_limit_s]
    now, picture = 0.0, snapshot
    while True:
        starts, _ = decide(picture)
        for id, worker_id in starts:
            if id == job:
                return now
            group = groups[id]
            ends.append((now + runs[group.shape], worker_id, group.shape, group.request))
            picture = moved(picture, worker_id, group.shape, group.request, id)
        if starts:
            continue
        if not ends:
            return None
        now = min(ends, key=lambda end: end[0])[0]
        for end in [end for end in ends if end[0] == now]:
            ends.remove(end)
            picture = moved(picture, *end[1:], None)


def moved(picture: Snapshot, worker_id: int, shape: str, request: Resources, started: int | None) -> Snapshot:
    """The picture when a job has started, or ended, on a worker."""
    change = Resources() - request if started is None else request
    workers = tuple(
        replace(worker, allocated=worker.allocated + change) if worker.id == worker_id else worker
        for worker in picture.workers
    )
    used, queue = dict(picture.used), []
    for group in picture.queue:
        slots = group.slots
        if group.shape == shape:
            slots = None if slots is None else slots + (1 if started is None else -1)
            used[group.tenant] = used.get(group.tenant, Resources()) + change
        left = [turn for turn in zip(group.ids, group.submitted, strict=True) if turn[0] != started]
        if left:
            ids, submitted = zip(*left, strict=True)
            queue.append(replace(group, ids=ids, submitted=submitted, slots=slots))
    return replace(picture, workers=workers, queue=tuple(queue), used=used)

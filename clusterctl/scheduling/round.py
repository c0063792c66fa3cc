"""One look at the queue, from the first turn to the last.

A job that fits nowhere is stepped over: those behind it may start. That keeps the workers busy; so that it does not
starve meanwhile, a worker is kept for the first that was stepped over (``backfill``). Within a group, nobody steps over
anybody: what does not fit the head does not fit the others.

A service is claimed by the best worker of all that could hold it, and by no other: if that one has had its share of the
round, the service waits. What it has claimed shows in its load only later, and the second best is not the best.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clusterctl.model.plan import Eligibility, Plan, Start, Wait
from clusterctl.model.snapshot import QueueGroup, Snapshot
from clusterctl.scheduling.backfill import Keeper
from clusterctl.scheduling.candidates import eligibility, nobody
from clusterctl.scheduling.filters import BACKFILL, SERVICE_CLAIMS, reason, sift
from clusterctl.scheduling.order import Line, Turns
from clusterctl.scheduling.placement import Errand, Floor
from clusterctl.scheduling.quotas import Quotas
from clusterctl.scheduling.roster import Members, Roster, Sieve
from clusterctl.scheduling.rules import Rule


def plan(snapshot: Snapshot) -> Plan:
    """Take the queue in turn, give each job to the best worker that can have it, and say why the others wait.

    ``more`` is set when going on at once may start further batch jobs: ``max_starts`` cut the round short (whoever was
    not looked at waits as ``round_full``), or every id that the snapshot holds of a longer group has started.
    ``candidates`` of a start are the workers that could have had the group's jobs when the round began, but for one
    that is kept for another job by then.
    """
    return _Round(snapshot).decide()


class _Round:
    """What has been decided so far, and what is needed to decide the rest."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._most = snapshot.max_starts
        self._claims = snapshot.steering.service_claims_per_round
        self._roster = Roster(snapshot)
        self._quotas = Quotas(snapshot) if snapshot.quotas else None
        self._turns = Turns(snapshot)
        kinds = {group.kind for group in snapshot.queue}
        self._rules = {kind: self._roster.rule(kind) for kind in kinds}
        self._floor = Floor(
            self._roster, snapshot.steering, {rule for rule in self._rules.values() if rule}, snapshot.queue
        )
        self._keeper = Keeper(snapshot, self._roster)
        self._looks: dict[Line, tuple[Sieve, Errand | None]] = {}  # by the snapshot: sifted at a line's first turn
        self._starts: list[Start] = []
        self._waits: list[Wait] = []
        self._eligibility: Eligibility | None = None
        self._more = False

    def decide(self) -> Plan:
        self._keep_by_age()
        while len(self._starts) < self._most and (line := self._turns.current()):
            rule = self._rules[line.group.kind]
            if rule is None:
                self._send_away(line, "policy_disabled", {})
            else:
                self._serve(line, rule)
        cut = tuple(_cut(self._turns))
        return Plan(
            starts=tuple(self._starts),
            waits=(*self._waits, *(wait for wait, _ in cut)),
            more=self._more or any(group.kind == "batch" for _, group in cut),
            shadow=self._keeper.shadow,
            eligibility=self._eligibility or self._who_may_claim(),
        )

    def _keep_by_age(self) -> None:
        """Keep a worker before the first turn, for the oldest that find no room."""
        for group in self._keeper.elders():
            barred = group.slots == 0 or (self._quotas is not None and not self._quotas.allow(group))
            if self._rules[group.kind] is None or barred:
                continue
            sieve = sift(group, self._roster)
            if sieve.reason == "fits_now":
                self._floor_keeps(self._keeper.keep_by_age(group, self._able(group, sieve), self._floor.free))
                return

    def _able(self, group: QueueGroup, sieve: Sieve) -> Members:
        """All that could hold it if they were empty."""
        return sieve.pool & self._roster.capacities.at_least(group.request)

    def _floor_keeps(self, at: int | None) -> None:
        if at is not None and self._keeper.shadow is not None:
            self._floor.keep(at, self._keeper.shadow.extra)

    def _who_may_claim(self) -> Eligibility | None:
        """Who could claim a service now; None if no service waits."""
        if "service" not in self._rules:
            return None
        rule = self._rules["service"]
        return nobody(self._roster) if rule is None else eligibility(self._roster, rule, self._floor.costs(rule))

    def _serve(self, line: Line, rule: Rule) -> None:
        """Start the first job of the line whose turn it is, or send it away."""
        group = line.group
        if group.kind == "service" and self._eligibility is None:
            self._eligibility = self._who_may_claim()
        if line.taken == group.slots:
            self._refuse(line, "array_limit")
        elif self._quotas is not None and not self._quotas.allow(group):
            self._refuse(line, "tenant_quota")
        else:
            sieve, errand = self._looks.get(line) or self._look(line, rule)
            in_time = passes = False
            if self._keeper.shadow is not None:
                in_time = self._keeper.ends_in_time(group)
                passes = in_time or self._keeper.goes_before(line)
            at = None if errand is None else self._floor.best(errand, in_time=passes)
            if errand is None or at is None:
                self._find_no_room(line, sieve, errand)
            elif group.kind == "service" and self._floor.claims[at] >= self._claims:
                kept = BACKFILL if not passes and self._floor.withholds(errand) else ""
                self._send_away(line, SERVICE_CLAIMS, with_the_rest(sieve, SERVICE_CLAIMS, kept))
            else:
                is_kept = not passes and self._floor.withholds(errand)
                self._start(line, sieve, errand, rule, at, in_time=in_time, is_kept=is_kept)

    def _look(self, line: Line, rule: Rule) -> tuple[Sieve, Errand | None]:
        sieve = sift(line.group, self._roster)
        errand = self._floor.errand(line.group, sieve.pool, rule) if sieve.left else None
        look = self._looks[line] = sieve, errand
        return look

    def _start(
        self, line: Line, sieve: Sieve, errand: Errand, rule: Rule, at: int, *, in_time: bool, is_kept: bool
    ) -> None:
        """Give the line's first job to that worker. *is_kept*: there is another, if it were not kept from the job."""
        group = line.group
        self._starts.append(
            Start(
                job_id=group.ids[line.taken],
                worker_id=self._roster.workers[at].id,
                policy=rule.policy,
                score=errand.shift - errand.ranking.costs[at],
                candidates=sieve.left.bit_count() - is_kept,
                refusals={**sieve.removed, BACKFILL: 1} if is_kept else sieve.removed,
                fallback=rule.fallback,
            )
        )
        self._floor.give(group, at, in_time=in_time)
        if self._quotas is not None:
            self._quotas.give(group)
        self._keeper.note(group, at)
        self._turns.start()
        if line.taken == len(group.ids) and group.more and group.kind == "batch" and line.taken != group.slots:
            self._more = True

    def _refuse(self, line: Line, filter: str) -> None:
        """Send the line away because of itself, whatever the workers are."""
        everyone = len(self._roster.workers)
        removed = {filter: everyone} if everyone else {}
        self._send_away(line, reason(removed, self._roster), removed)

    def _find_no_room(self, line: Line, sieve: Sieve, errand: Errand | None) -> None:
        """Send the line away. What had room when the round began has given it to others, or is kept for one of them."""
        group = line.group
        if errand is not None and self._floor.is_held_back(errand):
            self._send_away(line, BACKFILL, with_the_rest(sieve, "fits_now", BACKFILL))
            return
        removed = with_the_rest(sieve, "fits_now") if sieve.left else sieve.removed
        why = sieve.reason or reason(removed, self._roster)
        if why == "fits_now" and self._keeper.may_look(group, line.taken):
            self._floor_keeps(self._keeper.look(group, line.taken, self._able(group, sieve), self._floor.free))
        self._send_away(line, why, removed)

    def _send_away(self, line: Line, why: str, removed: Mapping[str, int]) -> None:
        self._waits.append(_wait(line, why, removed))
        self._turns.leave()


def with_the_rest(sieve: Sieve, word: str, of_one: str = "") -> dict[str, int]:
    """Whom the chain removed, and *word* for all that it let pass; one of these by another word, if there is one."""
    removed = dict(sieve.removed)  # not the one that starts carry
    rest = sieve.left.bit_count() - bool(of_one)
    if rest:
        removed[word] = removed.get(word, 0) + rest
    if of_one:
        removed[of_one] = 1
    return removed


def _cut(turns: Turns) -> Iterator[tuple[Wait, QueueGroup]]:
    """Everybody who still stands in the queue waits, unlooked at."""
    while line := turns.current():
        turns.leave()
        yield _wait(line, "round_full", {}), line.group


def _wait(line: Line, why: str, removed: Mapping[str, int]) -> Wait:
    return Wait(shape=line.group.shape, job_id=line.group.ids[line.taken], reason=why, refusals=removed)

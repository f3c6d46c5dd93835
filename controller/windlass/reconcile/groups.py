"""The door to every concurrency group: lets runs and steps in, holds them in line, says who holds what.

In: requests for places and the ends of those that have them, from the run loop; after a restart, the open runs. Out:
what each has to be told, as observations. A group belongs to a repository; everybody in it brings a limit and a rule of
their own, which decide about their own entry. A schedule's `overlap` is a group too. Nothing is stored: who holds what
follows from the runs in the ledger. Others may ask from any thread.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339
from windlass.reconcile.group import Group, Member
from windlass.runs.lock import Granted, Held, LockKey, Refused, Replaced
from windlass.runs.locks import DETAIL
from windlass.runs.model import CancelRequested, Status
from windlass.runs.nesting import enclosing
from windlass.runs.standing import standings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from windlass.clock import Millis
    from windlass.plan.model import PlannedConcurrency
    from windlass.runs.lock import Acquire
    from windlass.runs.model import Observation, RunHead, Step
    from windlass.runs.state import RunState

    Told = list[tuple[str, Observation]]  # by run

TOLD = 3  # so many at the head of a line hear of a new holder; the others' messages are made when somebody asks

SHOWN = 100  # of the holders and of the line, in a view


class Groups:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: dict[tuple[str, str], Group] = defaultdict(Group)
        self._members: dict[LockKey, Member] = {}
        self._of_run: dict[str, dict[LockKey, None]] = defaultdict(dict)
        self._left: deque[tuple[str, str]] = deque()  # groups that somebody has left just now
        self._ticked: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)  # open runs of a schedule

    # ---- the run loop

    def announce(self, state: RunState) -> None:
        """A run is recorded and is going to ask: a schedule that skips must know of it at once."""
        overlap = state.plan.overlap
        if overlap is not None:
            with self._lock:
                self._ticked[state.head.repository, overlap.group][state.head.id] = None

    def enter(self, head: RunHead, asked: Acquire, now: Millis) -> Told:
        """Somebody asks for places. Whoever is known already is answered again."""
        with self._lock:
            member = self._members.get(asked.key)
            if member is None:
                return self._advance(self._registered(head, asked, now), now) + self._settled(now)
            return [(member.key.run, Granted(member.key) if member.following is None else self._held(member))]

    def leave(self, key: LockKey, now: Millis) -> Told:
        """A run or a step is over: whoever waits longest for its places gets them."""
        with self._lock:
            self._drop(key)
            return self._settled(now)

    def leave_all(self, state: RunState, now: Millis) -> Told:
        """A run is over, and with it everything that its steps held."""
        run, overlap = state.head.id, state.plan.overlap
        with self._lock:
            if overlap is not None:
                place = (state.head.repository, overlap.group)
                self._ticked[place].pop(run, None)
                if not self._ticked[place]:
                    del self._ticked[place]
            for key in list(self._of_run.get(run, ())):
                self._drop(key)
            return self._settled(now)

    def restore(self, states: Iterable[RunState], now: Millis) -> Told:
        """At start: those that hold places keep them, the others line up as they stood."""
        found = [(state.head, standing) for state in states for standing in standings(state)]
        found.sort(key=lambda pair: (pair[1].since is None, pair[1].asked.at, pair[1].asked.key.run))
        told: Told = []
        for head, standing in found:
            with self._lock:
                member = self._registered(head, standing.asked, now if standing.since is None else standing.since)
                member.leaving = standing.leaving
                if standing.since is None:
                    told += self._advance(member, now)
                else:
                    self._reinstate(member)
        with self._lock:
            return told + self._settled(now)

    # ---- others, from any thread

    def open_tick(self, repository: str, group: str) -> str | None:
        """The oldest open run of a schedule."""
        with self._lock:
            runs = self._ticked.get((repository, group))
            return next(iter(runs)) if runs else None

    def message(self, key: LockKey) -> str | None:
        """Who is in its way at this moment; None when it does not stand in line."""
        with self._lock:
            member = self._members.get(key)
            return None if member is None or member.following is None else self._held(member).message

    def up_to_date(self, head: RunHead, steps: tuple[Step, ...]) -> tuple[RunHead, tuple[Step, ...]]:
        """A run as it is shown: whoever stands in line names who is in its way now. Lines move more often than they
        are recorded."""
        if head.status.terminal:
            return head, steps
        told = self.message(LockKey(head.id))
        fresh = []
        for step in steps:
            now = self.message(LockKey(head.id, *step.key)) if DETAIL in step.detail else None
            if now is not None and told is None and head.status is Status.WAITING and head.message == step.message:
                told = now
            fresh.append(step if now is None else replace(step, message=now))
        return (head if told is None else replace(head, message=told)), tuple(fresh)

    def waiting(self) -> int:
        with self._lock:
            return sum(len(group.line) for group in self._groups.values())

    def view(self) -> list[dict[str, Any]]:
        """Every group that somebody is in, by repository and name; holders and waiting in their order."""
        with self._lock:
            return [_object(place, group) for place, group in sorted(self._groups.items()) if not group.empty]

    # ---- inside, with the lock

    def _registered(self, head: RunHead, asked: Acquire, since: Millis) -> Member:
        member = Member(asked.key, head.repository, head.workflow, asked.groups, asked.at, since)
        self._members[member.key] = member
        self._of_run[member.key.run][member.key] = None
        return member

    def _group(self, member: Member, want: PlannedConcurrency) -> Group:
        return self._groups[member.repository, want.group]

    def _reinstate(self, member: Member) -> None:
        for want in member.wants:
            if not self._within(member, want):
                self._group(member, want).let_in(member)
        member.got = len(member.wants)

    def _within(self, member: Member, want: PlannedConcurrency) -> bool:
        """Whether a step of a run that holds the group asks, or one inside such a step: it would wait for itself."""
        group = self._group(member, want)
        if not member.key.path:
            return False
        above = [LockKey(member.key.run), *(LockKey(member.key.run, *step) for step in enclosing(member.key.path))]
        return any(key in group.holders for key in above)

    def _advance(self, member: Member, now: Millis) -> Told:
        """Take place after place for as long as there is room."""
        told: Told = []
        while (want := member.following) is not None:
            group = self._group(member, want)
            if not self._within(member, want):
                if not group.has_room_for(member):
                    if want.on_conflict == "skip":
                        return [*told, *self._refused(member, group, now)]
                    told += self._make_way(member, want, group, now)
                if not group.has_room_for(member):
                    member.since = now
                    group.join(member)
                    return [*told, (member.key.run, self._held(member))]
                group.let_in(member)
            member.got += 1
            member.since = now
        return [*told, (member.key.run, Granted(member.key))]

    def _refused(self, member: Member, group: Group, now: Millis) -> Told:
        want = member.following
        assert want is not None
        in_the_way = group.blocker() if group.holders else group.line[0]
        message = f"skipped: {_who(in_the_way)} holds {want.group}"
        self._drop(member.key)
        return [(member.key.run, Refused(member.key, now, message))]

    def _make_way(self, member: Member, want: PlannedConcurrency, group: Group, now: Millis) -> Told:
        """Those whose place a newcomer takes: `cancelPending` those in line, `cancelRunning` holders as well."""
        if want.on_conflict == "queue":
            return []
        replaced, group.line = group.line, []
        if want.on_conflict == "cancelRunning":
            replaced = [*replaced, *group.to_replace(member)]
        message = f"replaced by {_who(member)} in {want.group}"
        told: Told = []
        for one in replaced:
            one.leaving = True
            if one.key.path:
                told.append((one.key.run, Replaced(one.key, now, message)))
            else:
                told.append((one.key.run, CancelRequested(now, cause="replaced", message=message)))
        return told

    def _drop(self, key: LockKey) -> None:
        """Take somebody out of every group; `_settled` lets others in."""
        member = self._members.pop(key, None)
        if member is None:
            return
        self._of_run[key.run].pop(key, None)
        if not self._of_run[key.run]:
            del self._of_run[key.run]
        for want in member.wants[: member.got + 1]:
            place = (member.repository, want.group)
            if place in self._groups and self._groups[place].leave(member):
                self._left.append(place)

    def _settled(self, now: Millis) -> Told:
        """Where somebody has left: let in whoever there is room for, and tell those behind."""
        told: Told = []
        while self._left:
            place = self._left.popleft()
            group = self._groups[place]  # left twice: empty, and gone below
            while (member := group.next_in()) is not None:
                group.let_in(member)
                member.got += 1
                member.since = now
                told += self._advance(member, now)
            told += [(one.key.run, self._held(one)) for one in group.line[:TOLD]]
            if group.empty:
                del self._groups[place]
        return told

    def _held(self, member: Member) -> Held:
        want = member.following
        assert want is not None
        group = self._groups.get((member.repository, want.group))
        if group is None or not group.holders:
            return Held(member.key, f"waits for {want.group}")
        return Held(member.key, f"waits for {_who(group.blocker())}, which holds {want.group}")


def _who(member: Member) -> str:
    key = member.key
    if not key.path:
        return f"run {key.run}"
    return f"step {key.path}{f'[{key.item}]' if key.item else ''} of run {key.run}"


def _object(place: tuple[str, str], group: Group) -> dict[str, Any]:
    """`limit` is that of whoever holds it, or waits at the head of the line."""
    someone = next(iter(group.holders.values()), group.line[0] if group.line else None)
    limits = [int(want.limit) for want in someone.wants if want.group == place[1]] if someone is not None else []
    return {
        "repository": place[0],
        "group": place[1],
        "limit": limits[0] if limits else 1,
        "holders": [_member(one) for one in islice(group.holders.values(), SHOWN)],
        "holderCount": len(group.holders),
        "waiting": [_member(one) for one in group.line[:SHOWN]],
        "waitingCount": len(group.line),
    }


def _member(member: Member) -> dict[str, Any]:
    return {
        "run": member.key.run,
        "workflow": member.workflow,
        "step": member.key.path or None,
        "item": member.key.item or None,
        "since": to_rfc3339(member.since),
    }

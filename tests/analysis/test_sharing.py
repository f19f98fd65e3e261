"""Slots between teams that wait for them: nobody waits for ever, weights count, quotas hold. The
simulation knows nothing of the rows; `tests/supervisor/test_fair_claims.py` claims real ones."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning.analysis.sharing import TeamSlots, WaitingSearch, fair_order, having_their_turn

START = datetime(2026, 1, 1, tzinfo=UTC)


def search(pk: int, team: TeamSlots, **facts: object) -> WaitingSearch:
    plain = WaitingSearch(pk, 0, 1, START, None, 0, team)
    return replace(plain, **facts)  # type: ignore[arg-type]


def order(*searches: WaitingSearch, prefer: int | None = None, firmly: bool = False) -> list[int]:
    found = fair_order(searches, prefer, firmly, START + timedelta(hours=1))
    return [each.pk for each in found]


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_the_smallest_share_over_its_weight_is_first() -> None:
    heavy, light = TeamSlots(1, weight=3, in_use=2), TeamSlots(2, weight=1, in_use=1)
    assert order(search(1, light), search(2, heavy)) == [2, 1]
    assert order(search(1, light), search(2, replace(heavy, in_use=4))) == [1, 2]


def test_a_priority_counts_within_its_team_only() -> None:
    busy, idle = TeamSlots(1, in_use=1), TeamSlots(2)
    high = search(1, busy, priority=1, running=5)
    assert order(high, search(2, busy), search(3, idle, priority=-1)) == [3, 1, 2]


def test_then_the_search_with_fewer_slots_then_the_one_that_waited_longest() -> None:
    team = TeamSlots(1)
    few, late = search(1, team, claimed_at=after(9)), search(2, team, claimed_at=after(5))
    assert order(search(3, team, running=1), few, late) == [2, 1, 3]


def test_equal_shares_go_by_the_time_since_the_last_claim_and_the_weight() -> None:
    one, two = TeamSlots(1, weight=1), TeamSlots(2, weight=2)
    # 60 and 40 minutes ago: 60 x 1 against 40 x 2.
    assert order(search(1, one, claimed_at=after(0)), search(2, two, claimed_at=after(20)))[0] == 2
    assert order(search(1, one, claimed_at=after(0)), search(2, two, claimed_at=after(40)))[0] == 1


def test_many_searches_do_not_make_a_team_wait_longer_than_it_did() -> None:
    """Its last claim counts, not that of a search that waits behind its others."""
    crowd = [search(n, TeamSlots(1), claimed_at=after(n)) for n in range(1, 11)]
    assert order(*crowd, search(11, TeamSlots(2), claimed_at=after(9)))[0] == 11


def test_a_slot_stays_with_its_search_unless_somebody_has_a_better_claim() -> None:
    one, two = TeamSlots(1, in_use=1), TeamSlots(2, in_use=1)
    own = search(1, one, running=1, claimed_at=after(50))
    assert order(own, search(2, two, running=1), prefer=1)[0] == 1
    assert order(own, search(2, replace(two, in_use=0)), prefer=1)[0] == 2
    assert order(own, search(2, one), prefer=1)[0] == 2
    assert order(own, search(2, one, running=9, priority=1), prefer=1)[0] == 2
    assert order(own, search(2, one, priority=-1), prefer=1)[0] == 1
    assert order(own, search(2, replace(two, in_use=0)), prefer=1, firmly=True)[0] == 1


def test_a_search_has_its_turn_unless_one_before_it_takes_two_slots_first() -> None:
    one, two = TeamSlots(1), TeamSlots(2, in_use=3)
    plain, high = search(1, one), search(2, one, priority=1)
    assert having_their_turn([search(2, one), plain]) == {1, 2}
    assert having_their_turn([high, plain]) == {2}
    assert having_their_turn([plain, search(3, two)]) == {1}
    assert having_their_turn([search(1, replace(one, in_use=2)), search(3, two)]) == {1, 3}
    heavy = replace(two, weight=3)
    assert having_their_turn([plain, search(3, heavy), search(4, heavy)]) == {1, 3}
    assert having_their_turn([search(1, one, running=1)]) == set()


# --- A simulation: slots, teams, trials of random lengths ---------------------------------------


@dataclass
class Simulated:
    """A search with endless trials, or so many that are `left`."""

    pk: int
    team: int
    priority: int = 0
    parallel: int = 100
    left: int = 10**6
    claimed_at: datetime | None = None
    running: int = 0


@dataclass
class Site:
    searches: list[Simulated]
    weights: dict[int, int]
    slots: int
    limits: dict[int, int] = field(default_factory=dict)
    sticky: bool = True
    seed: int = 0
    claims: list[tuple[float, int]] = field(default_factory=list)
    seconds: Counter[int] = field(default_factory=Counter)
    most: Counter[int] = field(default_factory=Counter)

    def team_slots(self, team: int) -> int:
        return sum(each.running for each in self.searches if each.team == team)

    def waiting(self) -> list[WaitingSearch]:
        found = []
        for each in self.searches:
            limit, in_use = self.limits.get(each.team), self.team_slots(each.team)
            room = min(each.parallel - each.running, each.left)
            if room < 1 or (limit is not None and in_use >= limit):
                continue
            team = TeamSlots(each.team, self.weights[each.team], in_use, limit)
            found.append(
                WaitingSearch(
                    each.pk, each.running, room, START, each.claimed_at, each.priority, team
                )
            )
        return found

    def run(self, until: float, watch: Callable[["Site", int], None] | None = None) -> "Site":
        """Let slots work for so many seconds; `watch` is called at each claim, before it."""
        random, known = Random(self.seed), {each.pk: each for each in self.searches}
        busy: list[tuple[float, int, Simulated]] = []
        last: dict[int, int | None] = dict.fromkeys(range(self.slots))
        now = 0.0
        while now < until:
            taken = {slot for _, slot, _ in busy}
            for slot in sorted(last.keys() - taken):
                prefer = last[slot] if self.sticky else None
                at = START + timedelta(seconds=now)
                ordered = fair_order(self.waiting(), prefer, False, at)
                if not ordered:
                    break
                chosen = known[ordered[0].pk]
                if watch:
                    watch(self, chosen.pk)
                chosen.running, chosen.left, chosen.claimed_at = (
                    chosen.running + 1, chosen.left - 1, at,
                )  # fmt: skip
                last[slot] = chosen.pk
                self.claims.append((now, chosen.pk))
                self.most[chosen.team] = max(self.most[chosen.team], self.team_slots(chosen.team))
                length = random.uniform(5, 15)
                self.seconds[chosen.team] += length  # type: ignore[assignment]
                busy.append((now + length, slot, chosen))
            if not busy:
                break
            busy.sort(key=lambda work: work[0])
            now, _, ended = busy.pop(0)
            ended.running -= 1
        return self


teams_of_searches = st.lists(
    st.lists(st.tuples(st.integers(1, 4), st.integers(-1, 1)), min_size=1, max_size=3),
    min_size=2, max_size=5,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    teams=teams_of_searches, slots=st.integers(1, 6), seed=st.integers(0, 99), sticky=st.booleans(),
    weights=st.lists(st.integers(1, 5), min_size=5, max_size=5),
)  # fmt: skip
def test_no_team_waits_for_ever_and_no_slot_is_free_for_nothing(
    teams: list[list[tuple[int, int]]], slots: int, seed: int, sticky: bool, weights: list[int]
) -> None:
    rows = [(team, *facts) for team, found in enumerate(teams) for facts in found]
    searches = [
        Simulated(pk, team, priority, parallel)
        for pk, (team, parallel, priority) in enumerate(rows)
    ]
    site = Site(searches, dict(enumerate(weights)), slots, sticky=sticky, seed=seed)
    site.run(until=300)
    # Trials take 15 s at most, and at least one ends in each of them. A team that waits is passed
    # over by each of the others no more often than the ratio of their weights says.
    longest = 15 * (sum(-(-weight // min(weights)) for weight in weights) + slots + 1)
    of = {each.pk: each.team for each in searches}
    for team in range(len(teams)):
        room = sum(each.parallel for each in searches if each.team == team)
        times = [at for at, pk in site.claims if of[pk] == team]
        assert times, "a team never had a slot"
        if room > 1 or slots == 1:
            gaps = [later - earlier for earlier, later in pairwise([0, *times, 300.0])]
            assert max(gaps) <= longest
    most = min(slots, sum(each.parallel for each in searches))
    assert sum(site.seconds.values()) >= 0.9 * most * 300


@settings(max_examples=30, deadline=None)
@given(slots=st.integers(1, 8), seed=st.integers(0, 99), priorities=st.permutations([-1, 0, 1]))
def test_each_claim_is_that_of_the_smallest_share_then_priority(
    slots: int, seed: int, priorities: list[int]
) -> None:
    """Counted anew, from the definition, at each claim of slots that stick to nothing."""
    searches = [Simulated(n, n % 2, priorities[n // 2], parallel=2) for n in range(6)]
    weights = {0: 1, 1: 3}

    def check(site: Site, pk: int) -> None:
        able = [each for each in site.searches if each.running < each.parallel]
        chosen = next(each for each in able if each.pk == pk)
        share = {team: site.team_slots(team) / weights[team] for team in (0, 1)}
        assert share[chosen.team] == min(share[each.team] for each in able)
        assert chosen.priority == max(e.priority for e in able if e.team == chosen.team)

    Site(searches, weights, slots, sticky=False, seed=seed).run(until=100, watch=check)


@pytest.mark.parametrize(
    ("slots", "weights"), [(6, (1, 2)), (8, (1, 1, 2)), (5, (2, 3)), (10, (1, 4))]
)
def test_in_the_long_run_teams_have_slots_by_their_weights(
    slots: int, weights: tuple[int, ...]
) -> None:
    searches = [Simulated(number, number) for number in range(len(weights))]
    # One team with many searches has no more for it.
    searches += [Simulated(10 + number, 0) for number in range(5)]
    site = Site(searches, dict(enumerate(weights)), slots, sticky=False).run(until=5_000)
    total = sum(site.seconds.values())
    for team, weight in enumerate(weights):
        assert site.seconds[team] / total == pytest.approx(weight / sum(weights), rel=0.12)


@pytest.mark.parametrize("weights", [(1, 2), (1, 1, 3)])
def test_of_a_single_slot_the_heavier_team_has_more(weights: tuple[int, ...]) -> None:
    searches = [Simulated(number, number) for number in range(len(weights))]
    site = Site(searches, dict(enumerate(weights)), slots=1, sticky=False).run(until=5_000)
    *light, heavy = (site.seconds[team] for team in range(len(weights)))
    assert heavy > 1.3 * max(light)
    assert min(light) > 0.1 * heavy


def test_a_quota_is_never_exceeded_and_the_others_take_the_rest() -> None:
    searches = [Simulated(1, 1), Simulated(2, 1), Simulated(3, 2)]
    site = Site(searches, {1: 5, 2: 1}, slots=6, limits={1: 2}).run(until=500)
    assert site.most == {1: 2, 2: 4}


def test_a_low_priority_waits_for_higher_ones_of_its_team_only() -> None:
    low, high, other = Simulated(1, 1, -1), Simulated(2, 1, 1, left=30), Simulated(3, 2)
    site = Site([low, high, other], {1: 1, 2: 1}, slots=2, sticky=False).run(until=2_000)
    first = next(at for at, pk in site.claims if pk == 1)
    assert all(at <= first for at, pk in site.claims if pk == 2)
    assert len([pk for _, pk in site.claims if pk == 1]) > 30

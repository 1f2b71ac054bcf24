"""In which order threads advance the limited elements."""

import numpy as np
import pytest

from exacouple.engine import wakefulness
from exacouple.engine.packets import Work
from exacouple.engine.subcells import PACK
from exacouple.engine.team import Rounds, Team, joined, numbered

BEGIN, FINISH = 0, 1


@pytest.mark.parametrize(
    "cuts",
    [
        [0.0, 0.5, 1.0],
        [0.0, 0.48, 0.52, 1.0],
        [0.0, 0.02, 0.04, 1.0],
        [0.0, 0.3, 0.31, 0.7, 0.71, 1.0],
    ],
)
@pytest.mark.parametrize("groups", [0, 1, 90, 230, 1000])
def test_what_is_finished_has_begun_and_so_has_what_lies_beside_it(
    cuts: list[float], groups: int
) -> None:
    """However far the other threads are in their own pieces of a round, and unequal the shares."""
    band, threads = 48, len(cuts) - 1
    none = np.zeros((threads, 2), dtype=np.int64)
    begin, finish = numbered(BEGIN, none), numbered(FINISH, none)
    turns = max(1, groups // band) - 1
    rounds = begin, np.tile(joined(begin, finish), (1, turns, 1)), finish
    waking = np.ones(groups * PACK, dtype=np.bool_)
    queue, team = np.zeros(1 + waking.size, dtype=np.int64), Team(1)
    task = wakefulness.line_up, (waking, queue, band, np.array(cuts), *rounds)
    team.run(Work(task), Rounds(numbered(0, team.whole(1))))
    times, begun = np.zeros((2, groups), dtype=np.int64), np.zeros(groups, dtype=np.bool_)
    for pieces in rounds:
        before = begun.copy()
        for thread in range(threads):
            seen = before.copy()
            for kind, first, last, _ in pieces[thread]:
                times[kind, first:last] += 1
                if kind == BEGIN:
                    seen[first:last] = True
                elif first < last:
                    assert seen[max(0, first - band) : last + band].all()
            begun |= seen
    assert (times == 1).all()

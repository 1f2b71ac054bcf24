"""What a team does in a step: all elements in a few rounds."""

import numpy as np
from numpy.typing import NDArray

from exacouple.engine import coupling
from exacouple.engine.basis import Array
from exacouple.engine.elements import Elements
from exacouple.engine.limiter import Patches
from exacouple.engine.packets import Task, Work, Works
from exacouple.engine.shares import Shares
from exacouple.engine.team import Pieces, Rounds, Team, joined, numbered

_TASKS = (
    "wake", "sweep", "line up", "begin", "finish", "find short", "finish short", "rub patches",
    "couple", "rub", "look again", "look at faces", "judge", "wave", "patch wave",
)  # fmt: skip

# Attempts after which shares are set anew; at once after sweeps of so many nanoseconds.
_LEARN_EVERY, _LONG_NS = 8, 10_000_000
# What a door and friction in an element cost, against judging an element.
_DOOR_COST, _FRICTION_COST = 30, 30


class Stepping:
    """Computes candidate solutions at the end of a step and judges them.

    Deep elements are swept, then the patches beside them advance, and at last the deep elements
    take what comes through the faces in between.

    Parameters
    ----------
    deep, patches
        The elements.
    team
        Threads to share the work.
    coriolis
        Coriolis parameter on lines through the subcells of each row, shape ``(ny + 2, M)``.
    depth
        Least depth of a deep element.
    terms
        Size of an element ``dx``, gravity ``g``, gravity times the square of Manning's coefficient
        ``drag``, height of water at rest beyond an open boundary ``sea``, and depth below which
        velocities are damped ``dry``.

    Attributes
    ----------
    verdict
        Of `exacouple.engine.coupling`, on each element, shape ``(ny + 2, nx + 2)``.
    """

    def __init__(
        self, deep: Elements, patches: Patches, team: Team, *, coriolis: Array, depth: float,
        **terms: float,
    ) -> None:  # fmt: skip
        self._deep, self._patches, self._team = deep, patches, team
        self._coriolis, self._depth, self._terms = coriolis, depth, terms
        self._rubbed = terms["drag"] > 0.0
        self.verdict = np.full(patches.at.shape, coupling.FINE, dtype=np.int8)
        self._doubtful = np.zeros(team.threads, dtype=np.int64)
        self._found = np.zeros(team.threads)
        self._step = np.zeros(1)
        self._sweep_shares, self._walk_shares = (Shares(team.threads) for _ in range(2))
        self._attempts, self._works = 0, Works()
        self._turn = np.stack([np.ones_like(coriolis), np.zeros_like(coriolis)])
        self._arranged: NDArray[np.int64] | None = None

    def attempt(self, dt: float) -> None:
        """Compute the candidate at the end of a step of some length, and judge it."""
        work = self._pack()
        self._attempts += 1
        if self._team.threads > 1:
            self._learn()
        if dt != self._step[0]:
            self._step[0] = dt
            angle = dt * self._coriolis
            self._turn[:] = np.cos(angle), np.sin(angle)
        self._doubtful[:] = 0
        self._team.run(work, self._rounds)

    def judge(self) -> None:
        """Judge the latest candidate again, which has changed."""
        self._doubtful[:] = 0
        self._team.run(self._pack(), self._judging)

    def fastest_wave(self) -> float:
        """Largest |u| + |v| + 2 sqrt(g h) at the start of a step."""
        self._found[:] = 0.0
        self._team.run(self._pack(), self._looking)
        return max(self._found.tolist())

    def _pack(self) -> Work:
        """The tasks of all rounds for the present arrays."""
        patches = self._patches
        if self._arranged is not patches.sides:
            self._arrange()
        return self._works.get(
            lambda: self.tasks().values(), self._deep.u, patches.w, patches.sides
        )

    def tasks(self) -> dict[str, Task]:
        """All that is to be done in a step."""
        deep, patches = self._deep, self._patches
        if self._arranged is not patches.sides:
            self._arrange()
        judge = deep.lowest, patches.at, self._depth, self.verdict, self._doubtful
        tasks = {
            **deep.tasks(patches, self._step, self._found),
            **patches.tasks(
                deep.u, deep.bed, step=self._step, turn=self._turn, found=self._found,
                cuts=self._walk_shares.cuts, walk=self._walk, again=self._short, **self._terms,
            ),
            "judge": (coupling.judge, judge),
        }  # fmt: skip
        return {name: tasks[name] for name in _TASKS}

    @property
    def doubtful(self) -> int:
        """How many elements were judged not to be fine."""
        return sum(self._doubtful.tolist())

    def _arrange(self) -> None:
        """Give the threads their pieces of all rounds; those of patches change in every step."""
        patches, team = self._patches, self._team
        ny, nx = (cells - 2 for cells in patches.at.shape)
        every = team.parts(0, len(patches))
        spent = patches.door_rows[1:-1] * _DOOR_COST
        spent = spent + np.arange(ny + 1) * nx * (1 + _FRICTION_COST * self._rubbed)
        rows = team.parts(1, ny + 1, spent)
        doors, judge = patches.door_rows[rows], _pieces("judge", rows)
        rub = [_pieces("rub patches", every), _pieces("rub", rows)] if self._rubbed else []
        looks = [_pieces(name, doors) for name in ("look again", "look at faces")]
        last = joined(_pieces("couple", doors), *rub, *looks, judge)
        none, alone = team.whole(0), team.whole(1)
        begin, finish = _pieces("begin", none), _pieces("finish", none)
        turns = patches.most_bands() - 1
        self._walk = begin, np.tile(joined(begin, finish), (1, turns, 1)), finish
        self._short = _pieces("finish short", none)
        between = [
            _pieces("line up", alone), *self._walk, _pieces("find short", alone), self._short
        ]  # fmt: skip
        sweep = joined(_pieces("sweep", self._cut_rows()), _pieces("wake", every))
        self._sweep = sweep[:, 0]
        self._rounds = Rounds(sweep, *(between if len(patches) else ()), last)
        waves = _pieces("wave", self._cut_rows()), _pieces("patch wave", every)
        self._judging, self._looking = Rounds(judge), Rounds(joined(*waves))
        self._arranged = patches.sides

    def _cut_rows(self) -> Pieces:
        """Rows that each thread sweeps."""
        return 1 + self._sweep_shares.cut(self._deep.spent)

    def _learn(self) -> None:
        """Now and then give the threads shares after the time that they needed."""
        if self._attempts % _LEARN_EVERY and self._sweep[0, 3] < _LONG_NS:
            return
        rows, spent = self._sweep[:, 1:3] - 1, self._deep.spent
        if self._sweep_shares.learn(self._sweep[:, 3], spent[rows[:, 1]] - spent[rows[:, 0]]):
            self._sweep[:, 1:3] = self._cut_rows()
        self._sweep[:, 3] = 0
        walk = np.concatenate(self._walk, axis=1)
        done = (walk[..., 2] - walk[..., 1]).sum(axis=1)
        self._walk_shares.learn(walk[..., 3].sum(axis=1), done)
        for each in self._walk:
            each[..., 3] = 0


def _pieces(name: str, bounds: Pieces) -> Pieces:
    return numbered(_TASKS.index(name), bounds)

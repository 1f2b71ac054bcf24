"""Shares of work that follow the speed of the threads."""

import numpy as np
import pytest

from exacouple.engine.shares import Shares


@pytest.mark.parametrize("speeds", [[1.0, 1.0], [1.0, 0.5], [3.0, 1.0, 2.0], [1.0, 1e-9]])
def test_all_threads_take_the_same_time_after_a_while(speeds: list[float]) -> None:
    """Unless one is so slow that it has little to do at all."""
    shares = Shares(len(speeds))
    for _ in range(20):
        done = np.diff(shares.cuts)
        shares.learn(done / speeds, done)
    wanted = np.maximum(np.array(speeds) / sum(speeds), 0.05)
    assert np.diff(shares.cuts) == pytest.approx(wanted / wanted.sum(), abs=0.02)
    assert shares.cuts[[0, -1]].tolist() == [0.0, 1.0]


def test_little_differences_change_nothing() -> None:
    """Times are never exactly the same."""
    shares = Shares(2)
    assert not shares.learn(np.array([1.0, 1.02]), np.array([5, 5]))
    assert not shares.learn(np.zeros(2), np.zeros(2))
    assert shares.cuts.tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(("threads", "rows"), [(2, 8), (4, 30), (64, 1000)])
def test_a_thread_that_was_slow_gets_its_share_again(threads: int, rows: int) -> None:
    """Also if it was left without any row, as those are whole."""
    shares, spent = Shares(threads), np.arange(rows + 1)
    speed = np.ones(threads)
    for window in range(60):
        speed[1] = 0.02 if 5 <= window < 25 else 1.0
        done = np.diff(shares.cut(spent), axis=1).ravel()
        shares.learn(done / speed, done)
    assert np.diff(shares.cut(spent)).max() <= -(-rows // threads) + 1


@pytest.mark.parametrize("spent", [[0], [0, 0, 0], [0, 5], [0, 0, 0, 4, 4, 8, 8], [0, 1, 2, 3, 40]])
def test_parts_are_all_of_the_range(spent: list[int]) -> None:
    """Whatever items cost, every one belongs to one thread."""
    shares = Shares(3)
    shares.learn(np.array([1.0, 4.0, 2.0]), np.ones(3))
    parts = shares.cut(np.array(spent))
    assert [item for a, z in parts for item in range(a, z)] == list(range(len(spent) - 1))


def test_parts_cost_the_same() -> None:
    """As nearly as whole items allow."""
    cost = np.random.default_rng(1).integers(1, 10, 1000)
    spent = np.concatenate([[0], np.cumsum(cost)])
    parts = Shares(4).cut(spent)
    costs = spent[parts[:, 1]] - spent[parts[:, 0]]
    assert abs(costs - spent[-1] / 4).max() <= 9

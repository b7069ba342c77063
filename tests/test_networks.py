"""The networks against a plain loop, and every document for itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from unbait.networks import Recurrent

COLUMNS, HIDDEN, MEMORY, CLASSES = 5, 4, 3, 2


def network(seed: int = 0) -> Recurrent:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> NDArray[np.float32]:
        return rng.normal(size=shape).astype(np.float32)

    return Recurrent(
        draw(COLUMNS), np.abs(draw(COLUMNS)), draw(COLUMNS, HIDDEN), draw(HIDDEN),
        draw(HIDDEN, 2 * MEMORY), draw(2 * MEMORY), draw(HIDDEN, 2 * MEMORY), draw(2 * MEMORY),
        draw(HIDDEN + 2 * MEMORY, HIDDEN), draw(HIDDEN), draw(HIDDEN, CLASSES), draw(CLASSES),
    )  # fmt: skip


def by_steps(net: Recurrent, columns: NDArray[np.float32]) -> NDArray[np.float64]:
    """One document, one line after the other."""
    x = np.clip((columns - net.mean) * net.scale, -4, 4)
    hidden = np.maximum(x @ net.enter + net.enter_bias, 0)
    keep = 1 / (1 + np.exp(-(hidden @ net.gate + net.gate_bias)))
    add = (1 - keep) * (hidden @ net.value + net.value_bias)
    memory = np.zeros((len(x), 2 * MEMORY))
    state = np.zeros(MEMORY)
    for i in range(len(x)):
        state = keep[i, :MEMORY] * state + add[i, :MEMORY]
        memory[i, :MEMORY] = state
    state = np.zeros(MEMORY)
    for i in reversed(range(len(x))):
        state = keep[i, MEMORY:] * state + add[i, MEMORY:]
        memory[i, MEMORY:] = state
    mixed = np.maximum(np.concatenate((hidden, memory), axis=1) @ net.mix + net.mix_bias, 0)
    out = np.exp(mixed @ net.out + net.out_bias)
    return np.asarray(out / out.sum(axis=1, keepdims=True))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(0, 99))
def test_all_documents_at_once_are_each_step_by_step(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = network(seed)
    columns = rng.normal(size=(sum(sizes), COLUMNS)).astype(np.float32)
    first = np.concatenate(([0], np.cumsum(sizes)))
    at_once = net(columns, first)
    for low, high in pairwise(first):
        np.testing.assert_allclose(
            at_once[low:high], by_steps(net, columns[low:high]), rtol=1e-4, atol=1e-5
        )


def test_a_stored_network_is_the_same_network() -> None:
    net = network()
    again = Recurrent.of(net.arrays("context"), "context")
    columns = np.ones((3, COLUMNS), dtype=np.float32)
    first = np.array([0, 3])
    assert np.array_equal(net(columns, first), again(columns, first))


def test_fitting_twice_gives_the_same_bytes_and_learns_from_documents() -> None:
    pytest.importorskip("torch", reason="needs the extra train-paragraph")
    from training import recurrent

    rng = np.random.default_rng(0)
    columns = rng.normal(size=(600, COLUMNS)).astype(np.float32)
    first = np.arange(0, 601, 20)
    truth = (np.repeat(columns[:, 0].reshape(30, 20).sum(axis=1), 20) > 0).astype(int)
    lines = recurrent.Lines(
        columns, np.eye(2, dtype=np.float32)[truth], np.ones(600),
        recurrent.runs_of(first, np.ones(600, dtype=bool)),
    )  # fmt: skip
    shape = recurrent.Shape(hidden=16, memory=8, epochs=60, rate=1e-2, dropout=0, dropout_in=0)
    one, other = (recurrent.fit(lines, shape, seed=3) for _ in range(2))
    assert all(np.array_equal(a, other.arrays("n")[k]) for k, a in one.arrays("n").items())
    assert (one(columns, first).argmax(axis=1) == truth).mean() > 0.9

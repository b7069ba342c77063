"""Fitting the recurrent network of stage two with torch; what comes out are plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unbait.networks import Recurrent, standardised

if TYPE_CHECKING:
    import torch

_RUN = 128  # lines of a document that are learnt from at once
_ROWS = 800  # of a training step, with what fills up shorter runs
_SPREAD = 8.0  # runs whose lengths differ by less may stand in one step


@dataclass(frozen=True, slots=True)
class Shape:
    """How big the network is and how it is fitted."""

    hidden: int = 64
    memory: int = 32
    epochs: int = 14
    rate: float = 4e-3
    decay: float = 3e-4
    dropout: float = 0.3
    dropout_in: float = 0.15


@dataclass(frozen=True, slots=True)
class Lines:
    """What is learnt from: (lines, columns), (lines, classes) summing to 1, (lines,), (runs,)."""

    columns: NDArray[np.float32]
    target: NDArray[np.float32]
    weight: NDArray[np.float64]
    runs: Sequence[NDArray[np.int64]]


def runs_of(first: NDArray[np.int64], chosen: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Cut the ``chosen`` (lines,) of each document into runs; documents are chosen as a whole."""
    return [
        np.arange(low, min(low + _RUN, stop))
        for begin, stop in zip(first[:-1].tolist(), first[1:].tolist(), strict=True)
        if stop > begin and chosen[begin]
        for low in range(begin, stop, _RUN)
    ]


def fit(lines: Lines, shape: Shape, seed: int) -> Recurrent:
    """Fit one network; the same seed and number of threads give the same bytes."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    seen = np.concatenate(lines.runs)
    mean = lines.columns[seen].mean(axis=0)
    scale = 1.0 / (lines.columns[seen].std(axis=0) + 1e-3)
    columns = torch.from_numpy(standardised(lines.columns, mean, scale))
    target, weight = (
        torch.from_numpy(array.astype(np.float32)) for array in (lines.target, lines.weight)
    )
    module = _module(columns.shape[1], target.shape[1], shape)
    steps = _steps(lines.runs, shape.epochs, np.random.default_rng(seed))
    optimizer = torch.optim.Adam(_groups(module, shape.decay), lr=shape.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, shape.rate, total_steps=len(steps))
    for step in steps:
        runs = [lines.runs[i] for i in step]
        x, filled = _padded(columns, runs)
        rows = torch.from_numpy(np.concatenate(runs))
        loss = torch.nn.functional.cross_entropy(
            module(x, filled)[filled], target[rows], reduction="none"
        )
        loss = (loss * weight[rows]).sum() / weight[rows].sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return _frozen(module, mean, scale)


def _module(columns: int, classes: int, shape: Shape) -> torch.nn.Module:
    import torch
    from torch import nn

    class Module(nn.Module):
        """The network of ``unbait.networks.Recurrent``, with dropout."""

        def __init__(self) -> None:
            super().__init__()
            memory = 2 * shape.memory
            self.enter = nn.Linear(columns, shape.hidden)
            self.gate = nn.Linear(shape.hidden, memory)
            self.value = nn.Linear(shape.hidden, memory)
            self.mix = nn.Linear(shape.hidden + memory, shape.hidden)
            self.out = nn.Linear(shape.hidden, classes)
            self.drop_in, self.drop = nn.Dropout(shape.dropout_in), nn.Dropout(shape.dropout)
            with torch.no_grad():
                self.gate.bias.uniform_(-1, 3)  # memories from short to long

        def forward(self, x: torch.Tensor, filled: torch.Tensor) -> torch.Tensor:
            hidden = self.drop(torch.relu(self.enter(self.drop_in(x))))
            keep = torch.sigmoid(self.gate(hidden))
            add = (1 - keep) * self.value(hidden) * filled[..., None]
            half = shape.memory
            ahead = _scan(keep[..., :half], add[..., :half])
            back = _scan(keep[..., half:].flip(1), add[..., half:].flip(1)).flip(1)
            mixed = torch.relu(self.mix(torch.cat((hidden, ahead, back), 2)))
            logits: torch.Tensor = self.out(self.drop(mixed))
            return logits

    return Module()


def _scan(keep: torch.Tensor, add: torch.Tensor) -> torch.Tensor:
    """Solve state[i] = keep[i] * state[i - 1] + add[i] along the second axis, by doubling."""
    import torch

    step = 1
    while step < keep.shape[1]:
        add = torch.cat((add[:, :step], add[:, step:] + keep[:, step:] * add[:, :-step]), 1)
        keep = torch.cat((keep[:, :step], keep[:, step:] * keep[:, :-step]), 1)
        step *= 2
    return add


def _groups(module: torch.nn.Module, decay: float) -> list[dict[str, object]]:
    """Return the parameters for the optimizer: weights decay, biases do not."""
    parameters = list(module.parameters())
    return [
        {"params": [one for one in parameters if one.dim() > 1], "weight_decay": decay},
        {"params": [one for one in parameters if one.dim() == 1]},
    ]


def _steps(
    runs: Sequence[NDArray[np.int64]], epochs: int, rng: np.random.Generator
) -> list[list[int]]:
    """Put runs of about one length together, anew for each epoch."""
    length = np.array([len(run) for run in runs])
    steps: list[list[int]] = []
    for _ in range(epochs):
        order = np.argsort(length + rng.uniform(-_SPREAD, _SPREAD, len(runs)))
        epoch: list[list[int]] = [[]]
        longest = 0
        for one in order.tolist():
            longest = max(longest, int(length[one]))
            if epoch[-1] and (len(epoch[-1]) + 1) * longest > _ROWS:
                epoch.append([])
                longest = int(length[one])
            epoch[-1].append(one)
        rng.shuffle(epoch)
        steps += epoch
    return steps


def _padded(
    columns: torch.Tensor, runs: Sequence[NDArray[np.int64]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (runs, lines, columns), zeros where a run is over, and (runs, lines) where it is not.

    A run starts at the left, so that what fills up comes after it, and before it seen backwards:
    there nothing has been added to the memory yet.
    """
    import torch

    longest = max(len(run) for run in runs)
    x = torch.zeros(len(runs), longest, columns.shape[1])
    filled = torch.zeros(len(runs), longest, dtype=torch.bool)
    for number, run in enumerate(runs):
        x[number, : len(run)] = columns[run[0] : run[-1] + 1]
        filled[number, : len(run)] = True
    return x, filled


def _frozen(
    module: torch.nn.Module, mean: NDArray[np.float32], scale: NDArray[np.float32]
) -> Recurrent:
    """Return the fitted network as it serves: weights as (in, out)."""
    state = {name: value.numpy() for name, value in module.state_dict().items()}
    layers = ("enter", "gate", "value", "mix", "out")
    arrays = [mean, scale]
    for layer in layers:
        arrays += [state[f"{layer}.weight"].T, state[f"{layer}.bias"]]
    return Recurrent(*(np.array(array, dtype=np.float32, order="C") for array in arrays))

"""Grow the page model's second stage: torch trains what ``unbait.html.network`` runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from unbait.html.network import CLIP, SHIFTS, PageNetwork, Surroundings

STATE: Final = 64
NOTE: Final = 16
LAYERS: Final = 3
EPOCHS: Final = 8
PAGES: Final = 12  # of one step
NAMELESS: Final = 0.25  # of the steps see pages as if no class or id word were known
RATE: Final = 2e-3
DECAY: Final = 1e-3
Array = NDArray[Any]


@dataclass(frozen=True)
class Example:
    """One page to learn from: arrays have an entry a block; ``weight`` 0 hides a block.

    ``nameless`` are the rows it would have if no class or id word were known; ``share`` is how
    much the page counts beside others.
    """

    rows: Array
    nameless: Array
    around: Surroundings
    label: Array
    weight: Array
    words: Array
    share: float


class _Net(nn.Module):
    def __init__(self, columns: int) -> None:
        super().__init__()
        reads = STATE + NOTE * (2 * len(SHIFTS) + 6)
        self.enter = nn.Linear(columns, STATE)
        self.note = nn.ModuleList([nn.Linear(STATE, NOTE) for _ in range(LAYERS)])
        self.read = nn.ModuleList([nn.Linear(reads, STATE) for _ in range(LAYERS)])
        self.out = nn.Linear(2 * STATE, 1)
        self.forget_columns, self.forget_notes = nn.Dropout(0.2), nn.Dropout(0.2)

    def forward(self, batch: _Batch) -> Tensor:
        state = entered = functional.relu(self.enter(self.forget_columns(batch.x)))
        for note, read in zip(self.note, self.read, strict=True):
            notes = functional.relu(note(state))
            sums = torch.cat([torch.zeros(1, NOTE), notes.cumsum(0)])
            seen = [state]
            for before, is_before, after, is_after in batch.near:
                seen += [notes[before] * is_before, notes[after] * is_after]
            seen += [(sums[high] - sums[low]) * part for low, high, part in batch.ranges]
            alike = torch.zeros(len(batch.path_part), NOTE).index_add(0, batch.path, notes)
            seen.append((alike * batch.path_part)[batch.path])
            state = state + functional.relu(read(self.forget_notes(torch.cat(seen, 1))))
        return self.out(torch.cat([entered, state], 1))[:, 0]  # type: ignore[no-any-return]


class _Batch:
    """Pages side by side, as tensors."""

    def __init__(self, pages: list[Example], mean: Array, scale: Array, named: bool) -> None:
        sizes = [len(page.rows) for page in pages]
        offsets = np.cumsum([0, *sizes])[:-1]
        rows = [page.rows if named else page.nameless for page in pages]
        x = (np.concatenate(rows) - mean) * scale
        self.x = torch.from_numpy(x.clip(-CLIP, CLIP).astype(np.float32))
        owner = np.repeat(np.arange(len(pages)), sizes)
        self.page = torch.from_numpy(owner)
        self.near = [_near(owner, shift) for shift in SHIFTS]
        low, high = (
            np.concatenate([p.around[i] + at for p, at in zip(pages, offsets, strict=True)], axis=1)
            for i in (0, 1)
        )
        self.ranges = [
            (torch.from_numpy(first), torch.from_numpy(last), _parts(last - first))
            for first, last in zip(low, high, strict=True)
        ]
        paths = np.concatenate([page.around.path for page in pages])
        _, path, count = np.unique(
            paths + owner * (int(paths.max()) + 1), return_inverse=True, return_counts=True
        )
        self.path, self.path_part = torch.from_numpy(path), _parts(count)


def _near(owner: Array, shift: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    index = np.arange(len(owner))
    out = []
    for other in (index - shift, index + shift):
        place = other.clip(0, len(owner) - 1)
        same = (place == other) & (owner[place] == owner)
        out += [torch.from_numpy(place), torch.from_numpy(same.astype(np.float32))[:, None]]
    return tuple(out)  # type: ignore[return-value]


def _parts(counts: Array) -> Tensor:
    return torch.from_numpy((1 / np.maximum(counts, 1)).astype(np.float32))[:, None]


def fit(examples: list[Example], seed: int) -> PageNetwork:
    """Train on these pages: cross entropy of blocks, and the expected F1 of pages over words."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    rows = np.concatenate([page.rows for page in examples])
    mean, scale = rows.mean(axis=0), 1 / (rows.std(axis=0) + 1e-6)
    del rows
    net = _Net(len(mean))
    steps = len(examples) // PAGES
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=EPOCHS * steps + 1, pct_start=0.1
    )
    for epoch in range(EPOCHS):
        order = random.permutation(len(examples))
        for step in range(steps):
            pages = [examples[i] for i in order[step * PAGES : (step + 1) * PAGES]]
            optimiser.zero_grad()
            batch = _Batch(pages, mean, scale, random.random() >= NAMELESS)
            _loss(net, pages, batch).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        print("epoch", epoch, flush=True)
    return _exported(net.eval(), mean, scale)


def _loss(net: _Net, pages: list[Example], batch: _Batch) -> Tensor:
    label, weight, words = (
        torch.from_numpy(np.concatenate([getattr(p, name) for p in pages]).astype(np.float32))
        for name in ("label", "weight", "words")
    )
    logit = net(batch)
    entropy = functional.binary_cross_entropy_with_logits(logit, label, reduction="none")
    words = words * (weight > 0)
    chance, none = torch.sigmoid(logit), torch.zeros(len(pages))
    found = none.index_add(0, batch.page, chance * words)
    right = none.index_add(0, batch.page, chance * words * label)
    gold = none.index_add(0, batch.page, words * label)
    share = torch.tensor([page.share for page in pages])
    missed = ((1 - 2 * right / (found + gold + 1e-6)) * share).sum() / share.sum()
    return (entropy * weight).sum() / weight.sum() + missed


def _exported(net: _Net, mean: Array, scale: Array) -> PageNetwork:
    def weights(layers: list[Any]) -> tuple[Array, Array]:
        return (
            np.stack([layer.weight.detach().numpy().T for layer in layers]),
            np.stack([layer.bias.detach().numpy() for layer in layers]),
        )

    (enter, enter_bias), (out, out_bias) = weights([net.enter]), weights([net.out])
    (note, note_bias), (read, read_bias) = weights(list(net.note)), weights(list(net.read))
    return PageNetwork(
        mean.astype(np.float32), scale.astype(np.float32), enter, enter_bias, note[None],
        note_bias[None], read[None], read_bias[None], out[..., 0], out_bias[:, 0],
    )  # fmt: skip

"""A gate whose policies are one number and whose games are told, not played."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from gymnasium import spaces

from agents.evaluation.games import EpisodeTotals
from training.compute.timers import StageTimer
from training.gate.best_agent import BestAgentKeeper
from training.gate.judge import JUDGE_SEEDS
from training.gate.manner import Manner
from training.gate.selection import GateSettings


class Weights(torch.nn.Linear):
    """A policy of one number."""

    action_space = spaces.Discrete(2)

    def __init__(self, number: float = 0.0) -> None:
        super().__init__(1, 1, bias=False)
        self.load_tensors({"weight": torch.tensor([[number]])})
        self.optimizer = torch.optim.SGD(self.parameters(), 0.1)

    def set_training_mode(self, mode: bool) -> None:
        self.train(mode)

    def tensors(self) -> dict[str, torch.Tensor]:
        return {name: value.clone() for name, value in self.state_dict().items()}

    def load_tensors(self, tensors: dict[str, torch.Tensor]) -> None:
        self.load_state_dict(tensors)


def games(star: Any, cost: Any = 0.0, shield: Any = None) -> EpisodeTotals:
    """Games of two seats, of which the first is judged."""
    totals = np.stack([np.asarray(star, float), np.full(len(star), 99.0)], axis=1)
    spent = np.stack([np.zeros(len(star)) + cost, np.full(len(star), 99.0)], axis=1)
    guarded = {} if shield is None else {"shielded": np.full((len(star), 2), shield)}
    return EpisodeTotals(
        {"won": totals, "far": 2 * totals}, {"hits": spent}, totals, spent, guarded
    )


class Told:
    """A judge that says what it was told of each weight, and notes whom it judged.

    Args:
        answers: by weight; on fresh seeds "fresh" and, where there is none, the same.
        greedy: likewise for greedy play, which else wins 1 less in every game.
    """

    games = 20

    def __init__(self, answers: dict[Any, EpisodeTotals], greedy: dict[Any, EpisodeTotals]) -> None:
        self.answers, self.greedy, self.judged = answers, greedy, list[Any]()

    def __call__(self, player: Any, seed: int = JUDGE_SEEDS, share: int = 1) -> list[EpisodeTotals]:
        self.judged.append((weight(player.policy), player.greedy, seed, share))
        key = weight(player.policy)
        fresh = [("fresh", key)] if seed != JUDGE_SEEDS else []
        for name in (*fresh, key):
            if player.greedy and name in self.greedy:
                return [self.greedy[name]]
            if name in self.answers:
                found = self.answers[name]
                if player.greedy:
                    found = replace(found, terms={n: v - 1.0 for n, v in found.terms.items()})
                return [found]
        raise AssertionError(f"nobody said how {key} plays")


CLONE = [9.0, 10.0, 11.0, 10.0]


def keeper_of(
    answers: dict[Any, EpisodeTotals] | None = None,
    every: int = 1,
    greedy: dict[Any, EpisodeTotals] | None = None,
    **rules: Any,
) -> Any:
    """A keeper whose clone is weight 7 and wins 10; of a model that has done nothing yet."""
    settings = GateSettings(rules.pop("judged_by", "won"), every, **rules)
    told = cast(Any, Told({7.0: games(CLONE), **(answers or {})}, greedy or {}))
    keeper = BestAgentKeeper(told, cast(Any, Weights(7.0)), Manner(), settings)
    keeper.model = cast(
        Any,
        SimpleNamespace(
            n_steps=5,
            n_envs=2,
            policy=Weights(),
            clock=StageTimer(),
            facts=lambda: {"at": 1},
            logger=SimpleNamespace(name_to_value={}),
        ),
    )
    return keeper


def weight(policy: Any) -> float:
    return float(policy.weight.detach())

"""Trials: greedy play that gains nothing is left out of judgements, unless it may be what keeps a limit."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from training.gate.trials import AGAIN, Trials

EVERY = 6  # updates


class Played(Trials):
    """Whose games are made up: [games] for each manner, by whether it is greedy."""

    def __init__(self, sampled: list[float], greedy: list[float], limits: dict[str, float]) -> None:
        settings: Any = SimpleNamespace(
            judged_by="won", only_greedy=False, every=EVERY, limits=limits, body=None
        )
        super().__init__(SimpleNamespace(games=len(sampled)), settings, None)  # type: ignore[arg-type]
        self.games = {False: np.array(sampled), True: np.array(greedy)}

    def play(self, policy: Any, manner: Any, seed: int = 0, share: int = 1) -> dict[str, Any]:
        return {"won": self.games[manner.greedy]}


LEVEL_GAMES = [1.0, 2.0, 3.0, 4.0]
BETTER, WORSE = [value + 1 for value in LEVEL_GAMES], [value - 1 for value in LEVEL_GAMES]
UNCLEAR = [2.0, 1.0, 4.0, 3.5]


@pytest.mark.parametrize(
    ("greedy", "limits", "again"),
    [
        (BETTER, {}, True),
        (UNCLEAR, {}, False),
        (WORSE, {}, False),
        (UNCLEAR, {"hits": 1.0}, True),
        (WORSE, {"hits": 1.0}, False),
    ],
)
def test_greedy_play_rests_where_it_gains_nothing(greedy, limits, again):
    trials, nobody = Played(LEVEL_GAMES, greedy, limits), cast(Any, None)
    assert len(trials.of_policy(nobody, 0)) == 2, "the first time nothing is known"
    assert len(trials.of_policy(nobody, EVERY)) == (2 if again else 1)
    assert len(trials.of_policy(nobody, AGAIN * EVERY)) == 2, "and after some it is tried again"

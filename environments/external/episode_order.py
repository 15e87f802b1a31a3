"""How the next episode of a game of others begins: with its options, with what varies, in a drawn state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from environments.external.games.games import ResetOrder
from environments.external.states.state_access import START, Starts
from environments.simulation.variation import Variation


def episode_order(
    game: int,
    seed: int | None,
    key: tuple[int, int],
    options: Mapping[str, Any],
    variation: Variation,
    starts: Starts | None,
    anew: bool,
) -> ResetOrder:
    """The order to begin it.

    An environment that is made anew for it goes on with no generator, so it is given a seed of its own.

    Args:
        game: its number.
        seed: of the episode; None goes on from the last.
        key: seed of the game and number of the episode, from which all else follows.
        options: that the game is played with.
        variation: what varies.
        starts: states of which one is drawn, if episodes do not begin where a reset puts them.
        anew: with a fresh instance of the environment.
    """
    drawn = {} if starts is None else {START: starts.draw(*key)}
    given = {**options, **variation.of(game, "option"), **drawn}
    keywords, attributes = variation.of(game, "keyword"), variation.of(game, "attribute")
    if keywords and seed is None:
        seed = int(np.random.SeedSequence(key).generate_state(1)[0] >> 1)
    return ResetOrder(game, seed, given or None, anew, keywords or None, attributes or None)

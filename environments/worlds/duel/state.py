"""All that changes in a duel; with the actions it says everything that will happen."""

from __future__ import annotations

import numpy as np

from environments.simulation.kernels import HEADER
from environments.worlds.duel.constants import BYSTANDERS, PADS, ROWS, SHOTS

STATE = np.dtype(
    [
        *HEADER,
        ("rows", np.uint32, ROWS),  # cover and walls, a bit a cell: see duel_arena
        # fighters
        ("position", np.float32, (2, 2)),  # m
        ("velocity", np.float32, (2, 2)),  # m/s, as it came out
        ("heading", np.float32, (2, 2)),  # unit vector
        ("dash_way", np.float32, (2, 2)),  # unit vector
        ("hurt_from", np.float32, (2, 2)),  # unit vector to where the last hit came from
        ("health", np.float32, 2),
        ("magazine", np.int16, 2),  # shots
        ("reserve", np.int16, 2),  # shots
        ("cooldown", np.int16, 2),  # ticks until the next shot, as all that follow
        ("reloading", np.int16, 2),
        ("dashing", np.int16, 2),
        ("dash_wait", np.int16, 2),
        ("hurt", np.int16, 2),  # that a hit smarts
        ("down", np.int16, 2),  # until it comes back; 0 while it is up
        ("shield", np.int16, 2),  # that it cannot be harmed
        ("back", np.int16, 2),  # since it came in
        ("spawn", np.int8, 2),  # where it came in, or will
        ("knockouts", np.int8, 2),  # by this fighter
        # shots, of each fighter
        ("shot", np.float32, (2, SHOTS, 2)),  # m
        ("shot_velocity", np.float32, (2, SHOTS, 2)),  # m/s
        ("shot_flying", np.int8, (2, SHOTS)),
        ("shot_near", np.uint8, (2, SHOTS)),  # a bit for each bystander that it has endangered
        # bystanders
        ("walker", np.float32, (BYSTANDERS, 2)),  # m
        ("walker_velocity", np.float32, (BYSTANDERS, 2)),  # m/s, as it came out
        ("walker_goal", np.float32, (BYSTANDERS, 2)),  # m
        ("walker_sign", np.int8, BYSTANDERS),  # -1: its goals are the images of those drawn
        ("walker_startled", np.int16, BYSTANDERS),  # ticks that it stands after a hit
        # pads
        ("pad", np.float32, (PADS, 2)),  # m
        ("pad_wait", np.int16, PADS),  # ticks until something lies there
        # what each fighter knows of the other
        ("sees", np.int8, 2),
        ("seen_age", np.int16, 2),  # ticks; -1: nothing is known
        ("seen_position", np.float32, (2, 2)),
        ("seen_velocity", np.float32, (2, 2)),
        ("seen_heading", np.float32, (2, 2)),
        ("seen_health", np.float32, 2),
        ("seen_reloading", np.int8, 2),
        ("seen_shield", np.int8, 2),
    ]
)

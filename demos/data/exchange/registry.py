"""The formats of recordings by name: a class and a line here make one that every verb knows."""

from __future__ import annotations

FORMATS = {  # each a `file_format.Format`, imported when it is asked for, with the package it needs
    "minari": "demos.data.exchange.minari.minari_format:MinariFormat",
    "imitation": "demos.data.exchange.imitation_format:ImitationFormat",
    "npz": "demos.data.exchange.npz.npz_format:NpzFormat",
    "lerobot": "demos.data.exchange.lerobot.lerobot_format:LeRobotFormat",
    "lerobot-v2.1": "demos.data.exchange.lerobot.lerobot_format:LeRobotFormat",
    "robomimic": "demos.data.exchange.robomimic.robomimic_format:RobomimicFormat",
    "zarr": "demos.data.exchange.zarr.diffusion_format:DiffusionFormat",
    "rlds": "demos.data.exchange.refused_formats:RldsFormat",
    "overcooked": "demos.data.exchange.overcooked.published:PublishedGames",
}
READ_ONLY = ("zarr", "rlds", "overcooked")  # what is not written; the last from one place alone
KINDS = tuple(name for name in FORMATS if name not in READ_ONLY)

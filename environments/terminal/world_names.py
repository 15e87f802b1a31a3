"""The ids of our own worlds, and a quick check of a name that was typed; light, to come before all else."""

from __future__ import annotations

from pathlib import Path

from environments.system.errors import UserError
from environments.system.suggestions import nearest

# id -> module; the module says the rest (`environments.simulation.world`).
WORLDS = {
    "gpo/Kitchen-v0": "environments.worlds.kitchen.world",
    "gpo/Balance-v0": "environments.worlds.balance",
    "gpo/Courier-v0": "environments.worlds.courier.world",
    "gpo/Duel-v0": "environments.worlds.duel.world",
}
FILES = (".safetensors", ".onnx")


def check_at_once(name: str) -> None:
    """Refuse a name of which it is seen without loading anything that it is of nothing.

    Raises:
        UserError: it is of a world of ours that there is not, or of a file that is not there.
    """
    if name.startswith("gpo/") and name not in WORLDS:
        raise UserError(f"There is no world '{name}': {nearest(name, WORLDS)}")
    if name.endswith(FILES) and not Path(name).exists():
        raise UserError(f"There is no agent at {name}: correct the path.")

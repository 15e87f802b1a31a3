"""Seats a person at a viewer: their controls, and where what they correct is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from demos.data.dataset.dataset import Dataset
from demos.sessions.game.match_recording import MatchRecording, games_dataset
from demos.sessions.game.recording import Person
from demos.sessions.game.takeover import Takeover
from demos.sessions.match.corrections import CorrectionRecorder
from demos.sessions.match.driver import Driver
from demos.sessions.match.match import Match
from demos.sessions.watch.viewer import Viewer
from demos.window.controls.controls import load_controls
from demos.window.controls.devices import Devices
from environments.system.errors import UserError


@dataclass(frozen=True)
class SeatedPerson:
    """What a person at a viewer holds, and where their corrections go."""

    device: str = "keyboard"
    dataset: str | None = None  # named after the world if None
    root: Path = Path("datasets")
    script: bool = False  # the keys are a script's


def seat_person(viewer: Viewer, hands: SeatedPerson) -> str:
    """Let a person take over the watched seat, or play in their own; why they cannot, if so.

    Raises:
        UserError: a person is to play, and there are no controls for this world.
    """
    cast_, world = viewer.cast, viewer.world
    seat = cast_.seat if cast_.human is None else cast_.human
    try:
        controls = load_controls(world, hands.device)
    except UserError as problem:
        if cast_.human is not None:
            raise
        return str(problem)
    person = Person(seat, None, controls, "script" if hands.script else hands.device)
    if cast_.human is not None:
        viewer.seat_human(Driver(person, Devices()))
        return ""
    takeover = Takeover(controls, world.tick)

    def recording(match: Match, dataset: Dataset | None) -> MatchRecording:
        entrant = viewer.main.entrant
        names = cast_.names(entrant)
        about = {
            "seat": world.agents[seat],
            "person": "",
            "agent": entrant.name if cast_.run is None else f"{cast_.run.name} {entrant.name}",
            "sha256": entrant.sha256,
            "level": "",
            "coach": True,
            "settle_steps": takeover.settle,
        }
        others = {n: names[agent] for n, agent in enumerate(world.agents) if n != seat}
        opened = cast(Dataset, dataset)  # a recorder opens a take only once it has one
        return MatchRecording(match, person, opened, world.tick, others, about, takeover)

    corrections = CorrectionRecorder(
        recording, lambda: games_dataset(world, hands.root, hands.dataset, "watch")
    )
    viewer.seat_human(Driver(person, Devices(), takeover, corrections))
    return ""

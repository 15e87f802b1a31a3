"""Whose play a recording is, everywhere it is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from demos.cli.dataset_commands import list_datasets, show_history
from demos.data.dataset import provenance
from demos.data.dataset.provenance import ACTORS_FILE, Provenance, provenance_of, together
from demos.data.dataset.store import DatasetSpec, Store
from demos.data.editing.merge_split import merge, split
from demos.data.episodes.columns import read_actors
from demos.data.episodes.episode import Actor, Episode
from demos.data.episodes.files import STEPS_FILE
from demos.data.inspection.report import show_dataset
from tests.demos.data.dataset.test_store import facts, make_episode


def acted(draw: int, *actors: Actor, steps: int = 8, **changes: Any) -> Episode:
    """An episode in which these acted, in turn."""
    codes = np.resize(np.array(actors, np.uint8), steps)
    return make_episode(draw, steps, actors=codes, **changes)


def dataset_of(root: Path, name: str, *episodes: Episode, **told: Any) -> None:
    Store(root).create(name, DatasetSpec(**{**facts(), **told})).append_many(episodes)


def whose(root: Path, name: str) -> Provenance | None:
    return provenance_of(Store(root).open(name))


H, P, A, S = Actor.HUMAN, Actor.PARTNER, Actor.AGENT, Actor.SHIELD


@pytest.mark.parametrize(
    ("episodes", "wanted"),
    [
        ([], None),
        ([acted(0, H)], "people"),
        ([acted(0, H, S)], "people"),
        ([acted(0, A)], "script"),
        ([acted(0, A, S)], "script"),
        ([acted(0, S, meta={"device": "gamepad"})], "people"),
        ([acted(0, S, meta={"device": "none"})], "script"),
        ([acted(0, H, A)], "mixed"),
        ([acted(0, H, P)], "mixed"),
        ([acted(0, H), acted(1, A)], "mixed"),
        ([acted(0, A, player="run/agent")], "agent"),
        ([acted(0, A, player="run/agent"), acted(1, A, player="rusher-3")], "mixed"),
        ([acted(0, A, meta={"play": {"sha256": "ab", "agent": "x"}})], "agent"),
    ],
)
def test_it_follows_from_who_acted(tmp_path, episodes, wanted):
    noted = {"agent run/agent": "SHA-256 abc", "collected from": "x"}
    dataset_of(tmp_path, "play", *episodes, provenance=noted, description="scripted: or not")
    assert whose(tmp_path, "play") == wanted


def test_one_step_of_a_person_makes_it_mixed(tmp_path):
    codes = np.full(8, A, np.uint8)
    dataset_of(tmp_path, "none", make_episode(0, 8, actors=codes))
    dataset_of(
        tmp_path,
        "one",
        make_episode(0, 8, actors=np.where(np.arange(8) == 7, H, codes).astype(np.uint8)),
    )
    assert (whose(tmp_path, "none"), whose(tmp_path, "one")) == ("script", "mixed")


def test_steps_are_read_once(tmp_path, monkeypatch):
    dataset_of(tmp_path, "play", acted(0, H), acted(1, H))
    read: list[str] = []

    def noting(folder: Path, steps: int) -> Any:
        read.append(folder.name)
        return read_actors(folder, steps)

    monkeypatch.setattr(provenance, "read_actors", noting)
    assert whose(tmp_path, "play") == "people"
    assert whose(tmp_path, "play") == "people"
    assert read == ["0", "1"]
    Store(tmp_path).open("play").append(acted(2, A))
    assert whose(tmp_path, "play") == "mixed"
    assert read == ["0", "1", "2"], "only what is new"
    path = tmp_path / "play" / ".cache" / ACTORS_FILE
    for damage in (b"{", path.read_bytes().replace(b"8", b"9")):
        path.write_bytes(damage)
        assert whose(tmp_path, "play") == "mixed"
    assert len(read) == 9


def test_training_keeps_what_was_counted(tmp_path, monkeypatch):
    dataset_of(tmp_path, "play", acted(0, H))
    whose(tmp_path, "play")
    Store(tmp_path).open("play").arrays()
    monkeypatch.setattr(provenance, "read_actors", None)
    assert whose(tmp_path, "play") == "people"


def test_a_damaged_episode_is_left_out(tmp_path):
    dataset_of(tmp_path, "play", acted(0, H), acted(1, A))
    path = Store(tmp_path).open("play").data / "1" / STEPS_FILE
    path.write_bytes(path.read_bytes()[:-1])
    assert whose(tmp_path, "play") == "people"


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    """People's play, a script's, and both together."""
    dataset_of(
        tmp_path, "people", acted(0, H, player="Ada"), description="Recorded with gpo record."
    )
    noted = {"collected from": "rusher-3"}
    dataset_of(tmp_path, "script", acted(1, A), description="scripted: rusher-3", provenance=noted)
    return tmp_path


@pytest.mark.parametrize("names", [["people", "script"], ["script", "people"]])
def test_people_and_a_script_together_are_mixed_everywhere(merged, names, capsys):
    assert merge(Store(merged), names, "both").endswith("2 episodes, play: mixed.")
    both = Store(merged).open("both")
    assert provenance_of(both) is Provenance.MIXED
    assert both.facts["provenance"]["collected from"] == "rusher-3"
    assert {"Recorded with gpo record.", "scripted: rusher-3"} == set(
        both.facts["description"].split("; ")
    )
    for show in (
        list_datasets,
        lambda root: show_dataset(root, "both"),
        lambda root: show_history(root, "both"),
    ):
        show(merged)
        assert "mixed" in capsys.readouterr().out
    split(Store(merged), "both", 0.5)
    assert {whose(merged, "both-a"), whose(merged, "both-b")} == {"people", "script"}


def test_what_two_datasets_note_of_one_matter_is_kept_of_both(merged):
    noted = {"collected from": "idler-1", "seeds": "0 to 9"}
    dataset_of(merged, "more", acted(3, A), provenance=noted)
    merge(Store(merged), ["script", "more"], "both")
    told = Store(merged).open("both").facts["provenance"]
    assert told["collected from (script)"] == "rusher-3"
    assert told["collected from (more)"] == "idler-1"
    assert told["seeds"] == "0 to 9"
    assert whose(merged, "both") == "script"


def test_some_of_the_episodes_can_be_asked_about(tmp_path):
    dataset_of(tmp_path, "play", acted(0, H), acted(1, A))
    dataset = Store(tmp_path).open("play")
    assert provenance_of(dataset, [0]) is Provenance.PEOPLE
    assert provenance_of(dataset, [1]) is Provenance.SCRIPT
    assert provenance_of(dataset, []) is None
    assert together([Provenance.AGENT, Provenance.AGENT]) is Provenance.AGENT

"""A format of one's own: a class and a line of the registry, here a table of commas in one file."""

import csv
from pathlib import Path

import numpy as np
import pytest

from agents.players.player import RandomPlayer
from demos.cli.options import ExportDatasetOptions, ImportDatasetOptions
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from demos.data.exchange.file_format import FileFormat
from demos.data.exchange.formats import export, import_from
from demos.data.exchange.portable_episode import PortableEpisode, Recordings, portable_episodes
from demos.data.exchange.registry import FORMATS, KINDS
from environments.catalog import make_world
from environments.files.atomic import replace_after
from environments.system.errors import UserError
from environments.terminal.option_fields import options_of


class CsvFormat(FileFormat):
    """A row a step: episode, action, reward, how it ended, what was seen; the last row has no action."""

    extension = ".csv"

    def export(self, dataset, path):
        with replace_after(path) as beside, beside.open("x", newline="") as file:
            out = csv.writer(file)
            for number, episode in enumerate(portable_episodes(dataset)):
                assert isinstance(episode.observations, np.ndarray)
                assert episode.rewards is not None
                ended = [int(episode.terminated), int(episode.truncated)]
                for seen, action, reward in zip(
                    episode.observations[:-1], episode.actions, episode.rewards, strict=True
                ):
                    out.writerow([number, action, reward, *ended, *seen])
                out.writerow([number, "", "", *ended, *episode.observations[-1]])

    def read(self, path: Path) -> Recordings:
        try:
            with path.open(newline="") as file:
                rows = [[float(cell or "nan") for cell in row] for row in csv.reader(file)]
            table = np.array(rows, np.float32)
        except ValueError as error:
            raise UserError(f"{path} is no table of numbers: {error}.") from error
        return Recordings({}, (_episode(table[table[:, 0] == n]) for n in np.unique(table[:, 0])))


def _episode(rows):
    terminated, truncated = rows[0, 3:5].astype(bool).tolist()
    actions = rows[:-1, 1].astype(np.int64)
    return PortableEpisode(rows[:, 5:], actions, rows[:-1, 2], terminated, truncated)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setitem(FORMATS, "csv", f"{__name__}:CsvFormat")
    store = Store(tmp_path / "datasets")
    world = make_world("CartPole-v1")
    collect(store, "cart", world, [RandomPlayer(world.action_space, 0)], 3)
    return store


def test_a_class_and_a_line_make_a_format(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert export(store, "cart", "csv") == "3 episodes of cart written to cart.csv."
    import_from(store, "csv", Path("cart.csv"), "again", world="CartPole-v1", zeros=True)
    again = store.open("again")
    assert again.facts["provenance"]["imported"] == "csv from cart.csv"
    for new, old in zip(again.load_all(), store.open("cart").load_all(), strict=True):
        np.testing.assert_array_equal(new.observations, old.observations)
        np.testing.assert_array_equal(new.actions, old.actions)
        np.testing.assert_array_equal(new.rewards, old.rewards)
        assert (new.terminated, new.truncated) == (old.terminated, old.truncated)


def test_its_mistakes_are_sentences_and_leave_nothing(store, tmp_path):
    path = tmp_path / "cart.csv"
    export(store, "cart", "csv", path)
    with pytest.raises(UserError, match="say it with --world ID"):
        import_from(store, "csv", path, "again")
    path.write_text("0,1,nonsense\n")
    with pytest.raises(UserError, match="is no table of numbers"):
        import_from(store, "csv", path, "again", world="CartPole-v1")
    assert store.names() == ["cart"]


def test_the_command_line_knows_what_the_registry_knows():
    for options, known in ((ExportDatasetOptions, KINDS), (ImportDatasetOptions, FORMATS)):
        kind = next(option for option in options_of(options) if option.name == "kind")
        assert kind.argument.metavar == "|".join(known)
        assert [kind.read([name], "gpo")[0] for name in known] == list(known)

"""Datasets that say something else than we write, sealed anew: every verb ends in a sentence."""

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import gpo
from agents.players.player import RandomPlayer
from demos.collect.collect import collect
from demos.data.dataset.cache import FACTS_FILE as CACHE_FACTS
from demos.data.dataset.cache import FOLDER as CACHE
from demos.data.dataset.reader import GAPS
from demos.data.dataset.store import Store
from demos.data.editing.delete import delete, undelete, undo
from demos.data.episodes.files import CHECKSUM_FILE, FACTS_FILE, LONGEST, STEPS_FILE
from demos.data.journal.format import FIRST, HEAD, STEP, JournalFrame, frame
from demos.sessions.play.ratings import FORMAT, Ratings
from demos.sessions.replay.playback import Playback
from environments.catalog import make_world
from environments.files.atomic import replace, to_checked_json, to_json
from environments.system.errors import UserError
from tests.demos.support.hostile import (
    SPACES,
    VALUES,
    mutate,
    mutate_steps,
    reseal_episode,
    reseal_revision,
)

pytestmark = pytest.mark.battery("files: recordings that say anything, by verb")

VERBS: dict[str, list[str]] = {
    "list": [], "info": ["d"], "log": ["d"], "verify": ["d"], "repair": ["d"],
    "filter": ["d", "--min-steps", "2"], "trim": ["d", "--idle", "0", "--shortest", "1"],
    "delete": ["d", "0"], "undelete": ["d"], "relabel": ["d"], "split": ["d", "--share", "0.5"],
    "merge": ["d", "other", "--into", "both"], "undo": ["d"],
}  # fmt: skip
KINDS = ("npz", "minari", "imitation")
STREAM: dict[str, Any] = {"agent": "cart", "player": None, "device": "none", "raw_names": []}
GAME: dict[str, Any] = {
    "world": "gpo/Balance-v0", "fingerprint": "f", "terms": [], "costs": [], "streams": [STREAM],
    "match": "m", "seed": 1, "options": {}, "meta": {},
}  # fmt: skip
GAME_ENTRY = {
    "dataset": "d", "world": "w", "person": "Ada", "agent": "a", "sha256": "s", "level": "", "seat": "cart",
    "star": 1.0, "rival": None, "counted": True,
}  # fmt: skip
PATIENCE = 5.0  # s that the slowest verb may take on a tiny dataset, however busy the machine is


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two datasets of short games of a pole that falls."""
    root = tmp_path_factory.mktemp("shelf") / "datasets"
    world = make_world("gpo/Balance-v0")
    for seed, name in enumerate(("d", "other")):
        collect(
            Store(root), name, world, [RandomPlayer(world.action_space, seed)], 3, seed=9 * seed
        )
    return root


@pytest.fixture
def root(shelf: Path, tmp_path: Path) -> Path:
    """A copy of them, to be changed."""
    return Path(shutil.copytree(shelf, tmp_path / "datasets"))


def run(verb: str, root: Path, *words: str) -> int:
    return gpo.main(["demos", verb, *words, "--root", str(root)])


def try_everything(root: Path, tmp_path: Path) -> None:
    """Every verb, one after the other; none may end in anything but its own codes and a sentence."""
    for verb, words in VERBS.items():
        began = time.monotonic()
        assert run(verb, root, *words) in (0, 1, 2, 3)
        assert time.monotonic() - began < PATIENCE, verb
    for kind in KINDS:
        out = tmp_path / f"out.{kind}"
        assert run("export", root, "d", "--to", kind, "--out", str(out)) in (0, 2)
    with suppress(UserError):
        Playback(Store(root).open("d"), 1)
    with suppress(UserError):
        Store(root).open("d").arrays()


def put(*way: Any, value: Any = ...) -> Callable[[dict[str, Any]], None]:
    """Put a value at a place of facts, or take away what is there."""

    def change(facts: Any) -> None:
        for key in way[:-1]:
            facts = facts[key]
        if value is ...:
            del facts[way[-1]]
        else:
            facts[way[-1]] = value

    return change


# ------------------------------------------------------------------ facts of a revision

NAMED = ("world", "fingerprint", "world_description", "terms", "costs", "description",
         "provenance", "created", "observation_space", "action_space")  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("value", [..., None, 3, [3], {"a": [None]}], ids=str)
def test_facts_of_a_revision_are_looked_at_once(root, name, value, capsys):
    if name in ("world_description", "provenance") and isinstance(value, dict):
        value = [3]  # that would do
    reseal_revision(root / "d", put(name, value=value))
    with pytest.raises(UserError, match=f"Dataset d.*{name}"):
        Store(root).open("d")
    assert run("list", root) == 0
    said = capsys.readouterr().out
    assert "damaged" in said
    assert "other" in said


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space["type"])
@pytest.mark.parametrize("name", ["observation_space", "action_space"])
def test_a_space_is_looked_at_before_it_is_made(root, name, space):
    reseal_revision(root / "d", put(name, value=json.dumps(space)))
    with pytest.raises(UserError, match=f"Dataset d.*{name}"):
        Store(root).open("d")


def test_spaces_end_at_the_largest(root):
    for n, fits in ((2**24, True), (2**24 + 1, False)):
        told = json.dumps({"type": "Discrete", "n": n, "start": 0})
        reseal_revision(root / "d", put("action_space", value=told))
        if fits:
            Store(root).open("d")
        else:
            with pytest.raises(UserError, match="choices"):
                Store(root).open("d")


@pytest.mark.parametrize(
    "change",
    [
        put("terms", value=["a", "a"]),
        put("terms", value=["x" * 1001]),
        put("terms", value=["a\0"]),
        put("terms", value=[f"t{n}" for n in range(10_001)]),
        lambda facts: {**facts, "costs": facts["terms"]},
        put("description", value="\x1b[2J"),
        put("description", value="\ud800"),
        put("provenance", value={"from": "\x00"}),
        lambda facts: [],
        lambda facts: {},
        lambda facts: {**facts, **{f"k{n}": n for n in range(100_001)}},
        put("format", value=99),
        put("format", value=[]),
    ],
)
def test_names_and_texts_of_a_revision(root, change):
    reseal_revision(root / "d", change)
    with pytest.raises(UserError, match="Dataset d"):
        Store(root).open("d")


def test_a_north_star_that_is_no_term_is_none(root, tmp_path):
    reseal_revision(root / "d", put("north_star", value="nothing"))
    try_everything(root, tmp_path)


@pytest.mark.parametrize("name", ["../other/revision-v0", "/etc", "revision-v0/../x", "", "a\0b"])
def test_current_names_a_revision_of_its_own(root, name):
    (root / "d" / "current").write_text(name)
    with pytest.raises(UserError, match="Dataset d"):
        Store(root).open("d")
    assert run("list", root) == 0


# ------------------------------------------------------------------ edits


@pytest.mark.parametrize(
    "edit",
    [
        put("edit", value=[]),
        put("edit", "parent", value="revision-v1"),  # itself: a circle
        put("edit", "parent", value="revision-v7"),
        put("edit", "parent", value="../other/revision-v0"),
        put("edit", "of", value=2**62),
        put("edit", "of", value=-1),
        put("edit", "of"),
        put("edit", "episodes", value=["revision-v1/0"]),
        put("edit", "episodes", value=["x/99999999999"]),
        put("edit", "episodes", value=[3]),
        put("edit", "what"),
        put("edit", "when", value=7),
    ],
)
def test_an_edit_that_says_something_else(root, tmp_path, edit):
    delete(Store(root), "d", [0])
    reseal_revision(root / "d", edit)
    with pytest.raises(UserError, match="Dataset d"):
        Store(root).open("d")
    try_everything(root, tmp_path)


def test_an_edit_cannot_bring_back_more_than_there_was(root):
    delete(Store(root), "d", [0])
    reseal_revision(root / "d", put("edit", "of", value=4))
    with pytest.raises(UserError, match="held 4 episodes"):
        undelete(Store(root), "d")
    reseal_revision(root / "d", put("edit", "of", value=3))
    assert "brought back" in undelete(Store(root), "d")
    assert "Dataset d is revision-v1 again" in undo(Store(root), "d")


# ------------------------------------------------------------------ facts of an episode


@pytest.mark.parametrize(
    "change",
    [
        *(put(name) for name in ("world", "agent", "match", "seed", "options", "meta", "totals")),
        put("seed", value=-1), put("seed", value=2**128), put("seed", value=True), put("seed", value=1.0),
        put("options", value=[]), put("meta", value=None), put("agent", value=["x"]),
        put("match", value={}), put("player", value=7), put("player", value="\ud800"),
        put("match", value="a\0"), put("total_steps", value=2**62), put("total_steps", value=0),
        put("total_steps", value="x"), put("seconds", value=-1), put("seconds", value=None),
        put("aborted", value=2), put("totals", value={}), put("totals", value={"return": "x"}),
        put("meta", "tick", value=0), put("meta", "tick", value=1e-320), put("meta", "tick", value="x"),
        put("meta", "rating", value=6), put("meta", "rating", value="5"), put("meta", "marks", value=5),
        put("meta", "marks", value=[2**40]), put("meta", "raw_names", value="abc"),
        put("meta", "device", value=[]), put("meta", "trimmed", value={}), put("meta", "trimmed", value=3),
        put("meta", "trimmed", value={"first": 1, "last": 0, "of": 9, "before": []}),
        put("meta", "trimmed", value={"first": 2**40, "last": 2**41, "of": 2**41, "before": []}),
        put("meta", "play", value=[]), put("meta", "play", value={"seat": 3}),
        put("meta", "play", value={"coach": True}),
        put("meta", "play", value={"coach": True, "seat": "cart", "settle_steps": "x"}),
        lambda facts: [], lambda facts: {},
    ],
)  # fmt: skip
def test_facts_of_an_episode_are_looked_at_once(root, change, capsys):
    reseal_episode(root / "d", 1, change)
    dataset = Store(root).open("d")
    with pytest.raises(UserError, match=r"Dataset d, episode 1: metadata\.json"):
        dataset.episode_facts(1)
    dataset.load(0)
    assert run("list", root) == 0
    assert "2 (1 damaged)" in capsys.readouterr().out
    assert run("repair", root, "d") == 3
    assert "1 damaged" in capsys.readouterr().out


def test_a_seed_may_have_128_bits(root):
    reseal_episode(root / "d", 1, put("seed", value=2**128 - 1))
    assert Store(root).open("d").load(1).seed == 2**128 - 1


# ------------------------------------------------------------------ steps


def changed(name: str, values: Callable[[int], Any]) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        return table.set_column(table.column_names.index(name), name, values(len(table)))

    return change


def listed(rows: int, width: int, dtype: Any = np.float32) -> pa.Array:
    flat = pa.array(np.zeros(rows * width, dtype))
    return pa.FixedSizeListArray.from_arrays(flat, width)


STRANGE_STEPS = [
    lambda table: table.drop_columns(["actions"]),
    lambda table: table.drop_columns(["infos"]),
    lambda table: table.append_column("rewards", table.column("rewards")),
    lambda table: table.append_column("more", pa.array(["x"] * len(table))),
    lambda table: table.slice(0, 0),
    lambda table: table.slice(0, 1),
    lambda table: table.slice(0, len(table) - 1),
    lambda table: pa.concat_tables([table] * 3),
    changed("actions", lambda n: pa.array([2] * n, pa.int64())),
    changed("actions", lambda n: pa.array([-1] * n, pa.int64())),
    changed("actions", lambda n: pa.array([1.0] * n)),
    changed("actions", lambda n: pa.array([None] + [1] * (n - 1), pa.int64())),
    changed("actions", lambda n: pa.array(["left"] * n)),
    changed("actions", lambda n: pa.array(["left"] * n).dictionary_encode()),
    changed("observations", lambda n: listed(n, 3)),
    changed("observations", lambda n: listed(n, 5)),
    changed("observations", lambda n: listed(n, 4, np.float64)),
    changed("observations", lambda n: pa.array([[1.0]] * n)),
    changed("observations", lambda n: pa.array([b"\x80\x04N."] * n)),
    changed("rewards", lambda n: pa.array(np.full(n, np.nan, np.float32))),
    changed("rewards", lambda n: pa.array(np.full(n, 1.0))),
    changed("rewards", lambda n: pa.nulls(n)),
    changed("infos", lambda n: pa.array([{"actors": 1}] * n)),
    changed("infos", lambda n: pa.array(["x"] * n)),
    lambda table: table.append_column(  # millions of zeros in a few thousand bytes
        "raw", pa.array([np.zeros(200_000, np.float32)] * len(table), pa.list_(pa.float32()))
    ),
]


@pytest.mark.parametrize("steps", STRANGE_STEPS)
def test_steps_of_another_kind_are_a_damaged_episode(root, steps):
    reseal_episode(root / "d", 1, steps=steps)
    dataset = Store(root).open("d")
    for read in (lambda: dataset.load(1), dataset.arrays, lambda: dataset.arrays([0, 1])):
        with pytest.raises(UserError, match=r"Dataset d, episode 1: part-0\.parquet"):
            read()
    dataset.load(0)


@pytest.mark.parametrize("rows", [LONGEST, LONGEST + 1, LONGEST + 2])
def test_rows_are_counted_before_they_are_read(root, rows):
    """A file of some hundred bytes may speak of any number of rows."""
    reseal_episode(
        root / "d",
        1,
        put("total_steps", value=rows - 1),
        steps=lambda table: pa.table({"rewards": pa.array(np.zeros(rows, np.float32))}),
        compression="zstd",
    )
    with pytest.raises(UserError, match="Dataset d, episode 1") as told:
        Store(root).open("d").load(1)
    wanted = "total_steps is" if rows > LONGEST + 1 else "cannot hold"
    assert wanted in str(told.value)


# ------------------------------------------------------------------ what lies in a dataset's folder


@pytest.mark.parametrize("number", [2**62, 10**12, 3 + 2 * 4 + GAPS])
def test_a_number_far_beyond_the_others_is_no_episode(root, tmp_path, number):
    (root / "d" / "revision-v0" / "data" / str(number)).mkdir()
    with pytest.raises(UserError, match=f"{number} away"):
        Store(root).open("d").load_all()
    try_everything(root, tmp_path)


def test_gaps_up_to_there_are_episodes_that_are_missing(root):
    (root / "d" / "revision-v0" / "data" / str(2 * 4 + GAPS)).mkdir()
    assert len(Store(root).open("d").check()) == 2 * 4 + GAPS + 1 - 3


@pytest.mark.parametrize("file", [STEPS_FILE, FACTS_FILE, CHECKSUM_FILE])
@pytest.mark.parametrize("what", ["pipe", "device", "link", "folder"])
def test_files_of_an_episode_are_files_of_its_own(root, tmp_path, file, what):
    path = root / "d" / "revision-v0" / "data" / "1" / file
    stand_in(path, what)
    dataset = Store(root).open("d")
    with pytest.raises(UserError, match=f"episode 1: {file}"):
        dataset.load(1)
    with pytest.raises(UserError, match=f"episode 1: {file}"):
        dataset.arrays()
    dataset.load(0)


@pytest.mark.parametrize(
    "file",
    ["current", "lock", "journal", "revision-v0/revision.json", "revision-v0/data/metadata.json"],
)
@pytest.mark.parametrize("what", ["pipe", "device", "folder"])
def test_nobody_waits_for_a_pipe_in_a_dataset(root, tmp_path, file, what):
    stand_in(root / "d" / file, what)
    assert run("list", root) == 0
    try_everything(root, tmp_path)


@pytest.mark.parametrize("folder", ["revision-v0", "revision-v0/data", "revision-v0/data/1"])
def test_a_linked_folder_is_not_part_of_a_dataset(root, tmp_path, folder):
    path = root / "d" / folder
    path.rename(tmp_path / "outside")
    path.symlink_to(tmp_path / "outside")
    with pytest.raises(UserError, match=r"Dataset d.*link"):
        Store(root).open("d").load(1)


def stand_in(path: Path, what: str) -> None:
    """Put something else in the place of a file, whether it is there or not."""
    if path.exists() and what != "link":
        path.unlink()
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "folder":
        path.mkdir()
    else:
        moved = path.with_name("moved")
        path.rename(moved)
        path.symlink_to(moved)


# ------------------------------------------------------------------ the cache


def test_what_is_beside_a_linked_cache_stays(root, tmp_path):
    precious = tmp_path / "home" / "letters"
    precious.mkdir(parents=True)
    (precious / "one").write_text("dear")
    (root / "d" / CACHE).symlink_to(tmp_path / "home")
    assert len(Store(root).open("d").arrays().actions)
    assert (precious / "one").read_text() == "dear"


@pytest.mark.parametrize(
    "change",
    [
        put("columns", "actions", "dtype", value="O"),
        put("columns", "actions", "dtype", value="<f8"),
        put("columns", "actions", "dtype", value=[]),
        put("columns", "actions", "shape", value=[2**62]),
        put("columns", "actions", "shape", value=[1, -1]),
        put("columns", "actions", "offset", value=-8),
        put("columns", "starts", "dtype", value="<u8"),
        put("columns", "actions"),
        put("columns", value=[]),
        put("columns", value={}),
        put("format", value=[]),
    ],
)
def test_a_cache_that_says_something_else_is_made_anew(root, change):
    dataset = Store(root).open("d")
    before = dataset.arrays()
    (path,) = (root / "d" / CACHE).glob(f"*/{CACHE_FACTS}")
    facts = json.loads(path.read_bytes())
    facts.pop("sha256")
    change(facts)
    path.write_bytes(to_checked_json(facts))
    after = dataset.arrays()
    np.testing.assert_array_equal(after.actions, before.actions)
    np.testing.assert_array_equal(after.observations, before.observations)


def test_actions_that_there_are_not_are_not_believed_from_a_cache(root):
    import zlib

    dataset = Store(root).open("d")
    before = dataset.arrays()
    (path,) = (root / "d" / CACHE).glob(f"*/{CACHE_FACTS}")
    facts = json.loads(path.read_bytes())
    facts.pop("sha256")
    place = path.with_name(f"{sorted(facts['columns']).index('actions')}.npy")
    noted = facts["columns"]["actions"]
    data = bytearray(place.read_bytes())
    data[noted["offset"] :] = np.full(noted["shape"], 77, noted["dtype"]).tobytes()
    replace(place, bytes(data))
    noted["crc32"] = zlib.crc32(bytes(data))
    path.write_bytes(to_checked_json(facts))
    np.testing.assert_array_equal(dataset.arrays().actions, before.actions)


# ------------------------------------------------------------------ all of it, by chance


def change_one(root: Path, rng: random.Random) -> None:
    """Change the facts of a revision or an episode, or its steps; what cannot be written is left."""
    with suppress(pa.ArrowException, ValueError, TypeError, IndexError):
        kind, number = rng.choice(["revision", "episode", "steps"]), rng.randrange(3)
        if kind == "revision":
            reseal_revision(root / "d", partial(mutate, rng=rng))
        elif kind == "episode":
            reseal_episode(root / "d", number, partial(mutate, rng=rng))
        else:
            reseal_episode(root / "d", number, steps=partial(mutate_steps, rng=rng))


def attack(root: Path, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(rng.choice([1, 1, 2])):
        change_one(root, rng)
    try_everything(root, tmp_path)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_changed_every_verb_ends_in_a_sentence(root, tmp_path, seed):
    attack(root, tmp_path, seed)


@pytest.mark.parametrize("part", range(4))
def test_two_hundred_changes_are_read_or_refused(shelf, tmp_path, part):
    refused = 0
    for seed in range(50 * part, 50 * part + 50):
        root = Path(shutil.copytree(shelf, tmp_path / str(seed)))
        change_one(root, random.Random(1000 + seed))
        try:
            dataset = Store(root).open("d")
            dataset.check()
            dataset.arrays()
        except UserError:
            refused += 1
    assert 20 < refused < 50  # some changes do no harm, most do


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 400))
def test_many_changes_and_every_verb(root, tmp_path, seed):
    attack(root, tmp_path, seed)


def test_values_of_the_attack_are_the_ones_that_hurt():
    """So that nobody makes the list harmless: it holds what json writes and nobody wants."""
    assert {type(value) for value in VALUES} == {type(None), list, dict, str, int, float, bool}
    assert max(value for value in VALUES if type(value) is int) > 2**64
    assert len(to_json(VALUES)) > 5000


# ------------------------------------------------------------------ journal and ratings


@pytest.mark.parametrize(
    "head",
    [
        b"[" * 100_000, b"null", b"[]", b"{}", b"1" * 5000, b"\xff", b'{"a": 1, "a": 2}',
        *(
            json.dumps({**GAME, name: value}).encode()
            for name, value in (
                ("world", []), ("streams", 3), ("streams", [3]), ("streams", [{}]), ("match", None),
                ("streams", [{**STREAM, "more": 1}]), ("streams", [{**STREAM, "raw_names": "abc"}]),
                ("streams", [STREAM] * 10_001), ("terms", [None]), ("options", []), ("meta", None),
                ("seed", -1), ("more", 1),
            )
        ),
    ],
)  # fmt: skip
def test_a_journal_of_something_else_is_set_aside(root, head, capsys):
    entries = [
        JournalFrame(HEAD, head, 0),
        JournalFrame(FIRST, b"x", 0),
        JournalFrame(STEP, b"y", 1),
    ]
    data = b"".join(part for entry in entries for part in frame(entry))
    (root / "d" / "journal").write_bytes(data)
    assert run("repair", root, "d") == 3
    assert "set aside as journal.damaged-1" in capsys.readouterr().out
    assert (root / "d" / "journal.damaged-1").read_bytes() == data


@pytest.mark.parametrize(
    "games",
    [
        [], None, {"m": []}, {"m": {}}, {"m": {**GAME_ENTRY, "star": "x"}},
        {"m": {**GAME_ENTRY, "rival": []}}, {"m": {**GAME_ENTRY, "person": 7}},
        {"m": {**GAME_ENTRY, "more": 1}},
    ],
)  # fmt: skip
def test_ratings_of_something_else_are_one_sentence(root, games):
    ratings = Ratings(root)
    whole = to_checked_json({"format": FORMAT, "games": {"m": GAME_ENTRY}})
    ratings.path.write_bytes(whole)
    assert ratings.read()["m"].star == 1.0
    ratings.path.write_bytes(to_checked_json({"format": FORMAT, "games": games}))
    with pytest.raises(UserError, match=r"ratings\.json is damaged"):
        ratings.read()

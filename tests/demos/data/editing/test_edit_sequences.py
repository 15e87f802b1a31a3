"""Edits in any order lose nothing: every revision stays as it was, and undo brings back what was before."""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.history import Ancestry, edit_of, revision_names
from demos.data.dataset.store import Store
from demos.data.editing.delete import delete, undelete, undo
from demos.data.editing.episode_filter import EpisodeFilter
from demos.data.editing.filter import filter_episodes
from demos.data.editing.merge_split import merge, split
from demos.data.editing.relabel import relabel
from demos.data.editing.trim import trim
from demos.data.episodes.episode import Episode
from environments.catalog import make_batch, make_world
from environments.system.errors import UserError

WORLD = make_world("gpo/Balance-v0")
STEPS = 9


def game(seed: int) -> Episode:
    """A short game of the pole, with ratings and players to filter by."""
    batch = make_batch(WORLD, 1, restart=False)
    batch.reset(seed=[seed], options=[{}])
    seen, rewards, terms = [batch.observation[0, 0].copy()], [], []
    actions = np.arange(seed, seed + STEPS) % 2
    for action in actions:
        batch.step(np.array([[action]]))
        seen.append(batch.observation[0, 0].copy())
        rewards.append(batch.reward[0, 0])
        terms.append(batch.terms[0, 0].copy())
    batch.close()
    columns = np.array(terms, np.float32)
    return Episode(
        observations=np.array(seen),
        actions=actions,
        rewards=np.array(rewards, np.float32) * (1 + (seed % 3 == 0)),  # some for `relabel` to mend
        terminated=False,
        truncated=True,
        world=WORLD.id,
        fingerprint=WORLD.fingerprint,
        agent=WORLD.agents[0],
        terms={name: columns[:, k] for k, name in enumerate(WORLD.terms)},
        costs={name: np.zeros(STEPS, np.float32) for name in WORLD.costs},
        match=f"game-{seed}",
        player="Ada" if seed % 2 else "Bob",
        seed=seed,
        meta={"rating": 1 + seed % 5},
    )


GAMES = [game(seed) for seed in range(12)]


def content(folder: Path) -> dict[str, str]:
    """A hash of every file of the episodes in a revision."""
    files = sorted(path for path in (folder / "data").glob("*/*") if path.is_file())
    return {
        f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


class Edits(RuleBasedStateMachine):
    """A dataset that is recorded into, edited, merged and split, beside a list of all that it ever held."""

    @initialize(count=st.integers(2, 4))
    def begin(self, count: int) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="gpo-edits-"))
        self.store = Store(self.root)
        with self.store.building_for(WORLD, "play") as dataset:
            dataset.append_many(GAMES[:count])
        self.recorded, self.copies = count, 0
        self.frozen: dict[str, dict[str, str]] = {}  # revisions, as they were when they were left
        self.remember()

    @property
    def dataset(self) -> Dataset:
        return self.store.open("play")

    def remember(self) -> None:
        for name in revision_names(self.root / "play"):
            self.frozen[name] = content(self.root / "play" / name)

    def edit(self, action: Any, *given: Any, **options: Any) -> bool:
        """Do it; whether anything was done. What is refused changes nothing."""
        before = self.dataset.revision.name
        try:
            action(self.store, *given, **options)
        except UserError:
            assert self.dataset.revision.name == before
            return False
        self.remember_new()
        return True

    def remember_new(self) -> None:
        for name in revision_names(self.root / "play"):
            self.frozen.setdefault(name, content(self.root / "play" / name))

    # -- what may be done -------------------------------------------------------------------

    @precondition(lambda self: self.recorded < len(GAMES))
    @rule()
    def record(self) -> None:
        dataset = self.dataset
        dataset.append(GAMES[self.recorded])
        self.recorded += 1
        self.frozen[dataset.revision.name] = content(dataset.folder / dataset.revision.name)

    @rule(draw=st.integers(0, 30))
    def leave_out(self, draw: int) -> None:
        self.edit(delete, "play", [draw % len(self.dataset)])

    @rule()
    def bring_back(self) -> None:
        self.edit(undelete, "play")

    @rule(shortest=st.integers(1, STEPS))
    def cut(self, shortest: int) -> None:
        self.edit(trim, "play", idle=0, shortest=shortest)

    @rule(rating=st.integers(1, 5), player=st.sampled_from(["Ada", "Bob"]))
    def keep_some(self, rating: int, player: str) -> None:
        self.edit(filter_episodes, "play", EpisodeFilter(rating=rating))
        self.edit(filter_episodes, "play", EpisodeFilter(player=(player,)))

    @rule()
    def recompute(self) -> None:
        self.edit(relabel, "play")

    @rule()
    def go_back(self) -> None:
        dataset = self.dataset
        edit = edit_of(dataset.revision)
        old = content(dataset.folder / dataset.revision.name)
        if not self.edit(undo, "play"):
            assert edit is None or edit["parent"] is None
            return
        assert edit is not None
        now = content(self.dataset.folder / self.dataset.revision.name)
        before = self.frozen[edit["parent"]]
        assert {n: now[n] for n in before if int(n.split("/")[0]) < edit["of"]} == {
            n: h for n, h in before.items() if int(n.split("/")[0]) < edit["of"]
        }
        made, kept = len(edit["episodes"]), edit["of"]
        later = {n: h for n, h in old.items() if int(n.split("/")[0]) >= made}
        for name, value in later.items():
            number, _, file = name.partition("/")
            assert now[f"{int(number) - made + kept}/{file}"] == value, "recorded since, and kept"

    @precondition(lambda self: self.copies < 2)
    @rule(share=st.floats(0.2, 0.8), seed=st.integers(0, 9))
    def part_and_join(self, share: float, seed: int) -> None:
        self.copies += 1
        names = [f"{part}{self.copies}" for part in ("a", "b", "c")]
        if self.edit(split, "play", share, seed, (names[0], names[1])):
            merge(self.store, names[:2], names[2])
            ours, theirs = (
                sorted(d.checksum(n) for n in range(len(d)))
                for d in (self.dataset, self.store.open(names[2]))
            )
            assert sorted(set(ours)) == theirs

    # -- what always holds ------------------------------------------------------------------

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "store"):
            return
        dataset = self.dataset
        assert dataset.check() == []
        for name, hashes in self.frozen.items():
            assert content(dataset.folder / name) == hashes, f"{name} is as it was"
        everything = {value for hashes in self.frozen.values() for value in hashes.values()}
        seeds = {
            episode["seed"]
            for name in self.frozen
            for episode in map(facts_in, (dataset.folder / name / "data").glob("[0-9]*"))
        }
        assert seeds == set(range(self.recorded)), "every game is in some revision"
        ancestry = Ancestry(dataset)
        for number in range(len(dataset)):
            first = list(ancestry.chain(number))[-1]
            path = dataset.folder / first.revision / "data" / str(first.number)
            assert facts_in(path)["seed"] == dataset.episode_facts(number)["seed"]
            assert content(dataset.folder / first.revision).items()
        assert everything

    def teardown(self) -> None:
        if hasattr(self, "root"):
            shutil.rmtree(self.root)


def facts_in(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "metadata.json").read_text())
    return told


Edits.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestEdits = Edits.TestCase

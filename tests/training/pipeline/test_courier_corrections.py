"""A robot corrected on the spot: a scripted coach takes over where it stands, comes near or hurries."""

import itertools
import json
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import numpy as np
import pytest

import gpo
from agents.evaluation.statistics import bootstrap_mean
from agents.experts.courier import CAREFUL, CourierDriver
from agents.files.agent_file import load_agent
from agents.players.from_agent import make_player
from demos.data.episodes.episode import Actor
from demos.sessions.game.match_recording import MatchRecording, games_dataset
from demos.sessions.game.recording import Person
from demos.sessions.match.match import Match
from demos.window.controls.controls import load_controls
from demos.window.controls.devices import Held
from environments.catalog import make_world
from environments.worlds.courier import observation as view
from environments.worlds.courier.constants import RADIUS, RAYS, REACH, TOP_SPEED
from training.evaluation.protocol import Protocol, evaluate
from training.gate.judge import judged_totals

WORLD = make_world("gpo/Courier-v0")
STANDS, PATIENCE = 0.05, 10  # of full speed; steps for which it may stand before somebody helps
NEAR = 0.12  # m that are left to something
TURN = 15  # steps for which the coach drives at least
RECIPE = """
[world]
id = "gpo/Courier-v0"
horizon = {horizon}
[data]
root = "{root}"
train = "hand"
[clone]
hidden = [64, 64]
dropout = 0.0
epochs = {epochs}
batch_size = 128
learning_rate = 0.001
[refine]
steps = 0
games = 4
rollout = 50
batch_size = 100
judge_games = 4
[evaluate]
games = 4
[corrections]
games = {games}
epochs = {rounds}
learning_rate = 0.001
"""


class Coach:
    """Takes over as a person would, as a `Takeover` does: who drives, and what."""

    settle = 0

    def __init__(self, match):
        self.match, self.expert = match, CourierDriver(CAREFUL)
        self.begin()

    def begin(self):
        self.driver, self._stood, self._left = Actor.AGENT, 0, 0

    def action(self, held, scene=None):
        seen = self.match.observation(0)
        wanted = self.expert.wanted(seen[None])[0].astype(np.float32)
        self._stood = self._stood + 1 if abs(seen[view.SPEED]) < STANDS and wanted[0] > 0.1 else 0
        near = seen[:RAYS].min() * REACH - RADIUS < NEAR
        zone = seen[view.ZONES : view.COMMANDS].any()
        hasty = zone and seen[view.SPEED] * TOP_SPEED > WORLD.params.zone_limit
        if self._stood >= PATIENCE or near or hasty:
            self._left = TURN
        self.driver = Actor.HUMAN if self._left else Actor.AGENT
        self._left = max(self._left - 1, 0)
        return np.clip(wanted, -1, 1) if self.driver is Actor.HUMAN else None


class Bench:
    """A weak clone and its coach.

    Args:
        folder: where everything goes.
        episodes: that the clone has seen.
        horizon: steps of a game.
        epochs: of its cloning.
        rounds: epochs of a round.
        games: that are played before and after a round.
    """

    def __init__(self, folder: Path, episodes=6, horizon=600, epochs=100, rounds=30, games=20):
        self.root, self.run, self.horizon = folder / "datasets", folder / "robot", horizon
        words = ["demos", "collect", "hand", WORLD.id, "--player", "careful-hand", "--seed", "1"]
        words += ["--episodes", str(episodes), "--option", f"horizon={horizon}"]
        assert gpo.main([*words, "--root", str(self.root)]) == 0
        self.recipe = folder / "robot.toml"
        told = {"root": self.root, "horizon": horizon, "epochs": epochs, "rounds": rounds}
        self.recipe.write_text(RECIPE.format(games=games, **told))
        assert self.train() == 0

    def train(self, *words):
        return gpo.main(["train", str(self.recipe), "--run", str(self.run), *words])

    def round(self, number):
        return self.run.with_name(f"robot-corrected-{number}") if number else self.run

    def coach(self, number, games):
        """Coach the agent of a round; the share of the steps in which the coach drove."""
        agent = load_agent(self.round(number) / "agent.safetensors")
        match = Match(WORLD, [make_player(agent, WORLD, 0)], options={"horizon": self.horizon})
        person = Person(0, "coach", load_controls(WORLD), "script")
        dataset = games_dataset(WORLD, self.root, "fixes", "play")
        coach = Coach(match)
        about = {"coach": True, "seat": WORLD.agents[0], "settle_steps": 0}
        made = MatchRecording(match, person, dataset, WORLD.tick, {}, about, cast(Any, coach))
        driven = []
        with dataset.writing():
            for game in range(games):
                made.begin(10_000 * (number + 1) + game)
                while not match.over:
                    made.tick(Held(), None, match.moment, late=False)
                    driven.append(coach.driver is Actor.HUMAN)
                made.keep(None)
        match.close()
        return float(np.mean(driven))

    def correct(self):
        assert self.train("--corrections", "fixes") == 0

    def played(self, number, games):
        """Deliveries and each cost of a round's agent, always on the same seeds: {name: [E]}."""
        agent = load_agent(self.round(number) / "agent.safetensors")
        protocol = Protocol(games, self.horizon, seed=3_000_000)
        found = evaluate(WORLD, lambda seed: make_player(agent, WORLD, seed), None, protocol)
        return {name: judged_totals(found, name) for name in (WORLD.north_star, *WORLD.costs)}


@pytest.fixture(autouse=True)
def numbered(monkeypatch):
    """Games have numbers for ids, which are random: what is held back from learning hangs on them."""
    ids = (UUID(int=number << 96) for number in itertools.count(1))
    monkeypatch.setattr("demos.sessions.game.match_recording.uuid.uuid4", lambda: next(ids))


def held_back(bench, number):
    """How the likelihood of recorded steps that nobody learned from changed in a round, and its interval."""
    told = json.loads((bench.round(number) / "corrections.json").read_text())
    return told["changes"]["recorded, held back"]["log-likelihood"]


def test_a_coach_drives_where_the_robot_stands_and_that_is_learned_from(tmp_path):
    bench = Bench(tmp_path, episodes=2, horizon=120, epochs=2, rounds=30, games=4)
    assert 0.05 < bench.coach(0, 4) < 1
    bench.correct()
    told = json.loads((bench.round(1) / "corrections.json").read_text())
    assert told["changes"]["corrected, learned from"]["log-likelihood"]["change"] > 0.1
    assert set(told["play"]["rows"]) == {WORLD.north_star, *WORLD.costs}


@pytest.mark.slow
def test_three_rounds_raise_the_deliveries_of_a_weak_clone_by_half_and_cost_no_more(tmp_path):
    bench = Bench(tmp_path)
    likelihood = []
    for number in range(3):
        share = bench.coach(number, 12)
        bench.correct()
        likelihood.append(held_back(bench, number + 1))
        print(f"round {number + 1}: the coach drove {share:.0%}", likelihood[-1])
    before, after = bench.played(0, 100), bench.played(3, 100)
    for name in before:
        gap = bootstrap_mean(after[name] - before[name])
        print(f"{name}: {before[name].mean():.3f} -> {after[name].mean():.3f}", gap)
    star = WORLD.north_star
    assert before[star].mean() > 0.2, "else half as much again is nothing"
    assert bootstrap_mean(after[star] - 1.5 * before[star]).low > 0
    for cost in WORLD.costs:
        assert bootstrap_mean(after[cost] - before[cost]).low <= 0, f"{cost} rose"
    lost = likelihood[0]["before"] - likelihood[-1]["after"]  # nats a step, where nobody corrected
    assert lost < 0.1

"""A pool of partners: members come and go between rollouts, and a resumed run ends with the same bits."""

import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback

from agents.networks.policy import build_policy
from agents.players.mixture import Mixture, MixtureChange
from agents.players.player import NetworkPlayer, RandomPlayer, StillPlayer
from agents.players.remote_player import RemotePlayer
from environments.catalog import make_batch, make_world
from training.compute.hardware import ComputeChoice
from training.gate.best_agent import BestAgentKeeper, updates_of
from training.gate.judge import Judge
from training.gate.manner import Manner
from training.gate.selection import GateSettings
from training.partners.partners import MemberSettings, PartnerSettings, make_partner
from training.partners.pool import Member, PartnerPool
from training.pipeline.refine_loop import RefineInputs, RewardSchedule, refine
from training.ppo.settings import RefineSettings
from training.run.checkpoint import read_checkpoint

SEEN = np.zeros((6, 3), np.float32)


class Says:
    """Always the same action; counts its steps, games and episodes."""

    def __init__(self, action):
        self.action, self.steps, self.begun, self.seeds = action, 0, 0, []

    def reseed(self, seed):
        self.seeds.append(seed)

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        self.steps += 1
        self.begun += int(np.count_nonzero(episode_start)) if episode_start is not None else 0
        memory = np.zeros(len(observation)) if state is None else state
        return np.full(len(observation), self.action), memory + 1


def pool_of(*actions, seed=0):
    """A pool of players that say so; facts hold what each says."""
    made = {}

    def players(facts, at):
        made[facts["says"]] = Says(facts["says"])
        return [made[facts["says"]]]

    members = [Member(f"m{a}", (1.0, 1.0), {"says": a}) for a in actions]
    return PartnerPool(members, players, seed), made


def said(pool, state=None, starts=None):
    actions, state = pool.predict(SEEN, state, starts)
    return set(actions.tolist()), state


# ------------------------------------------------------------------ members


def test_a_member_that_is_added_plays_from_the_next_episodes_on():
    pool, made = pool_of(1)
    assert said(pool)[0] == {1}
    pool.add("new", {"says": 2}, weight=10_000.0)
    found, state = said(pool, None, np.ones(6, bool))
    assert found == {2}
    assert made[2].steps == 1
    pool.add("third", {"says": 3}, weight=1e9)
    assert said(pool, state)[0] == {2}, "games go on with whom they have"
    assert said(pool, state, np.ones(6, bool))[0] == {3}


def test_games_of_a_member_that_goes_begin_anew_for_another():
    pool, made = pool_of(1, 2, 3)
    found, state = said(pool)
    assert found == {1, 2, 3}
    before, kept = made[2].begun, state.member.copy()
    pool.remove("m1")
    actions, state = pool.predict(SEEN, state, np.zeros(6, bool))
    assert set(actions.tolist()) == {2, 3}
    stayed = kept != 0
    assert (actions[stayed] == np.array([1, 2, 3])[kept[stayed]]).all(), "the others go on"
    assert made[2].begun + made[3].begun - before - 3 <= np.count_nonzero(~stayed) + 3
    pool.remove("m3")
    assert said(pool, state)[0] == {2}


def test_the_last_member_cannot_go_and_nothing_is_half_changed():
    pool, _ = pool_of(1)
    with pytest.raises(ValueError, match="needs a player at least"):
        pool.remove("m1")
    assert [member.name for member in pool.members] == ["m1"]
    assert not pool.changed
    assert said(pool)[0] == {1}
    with pytest.raises(ValueError, match="has a member 'm1' already"):
        pool.add("m1", {"says": 5})
    with pytest.raises(KeyError, match="no member 'm7'"):
        pool.remove("m7")


def test_a_member_is_replaced_with_its_weight():
    pool, _ = pool_of(1, 2)
    pool.replace("m1", {"says": 7})
    assert [member.weight for member in pool.members] == [(1.0, 1.0)] * 2
    assert said(pool)[0] == {7, 2}
    pool.replace("m1", {"says": 8}, weight=0.0)
    assert said(pool)[0] == {2}


def test_weights_of_new_members_move_with_the_training():
    pool, _ = pool_of(1)
    pool.progress(0.5)
    pool.add("late", {"says": 2}, weight=(0.0, 1.0))
    assert pool.mixture.shares.tolist() == [0.75, 0.25]
    pool.progress(1.0)
    assert pool.mixture.shares.tolist() == [0.5, 0.5]


def test_seeds_are_counted_on_and_never_given_twice():
    pool, _ = pool_of(1, 2, seed=40)
    pool.remove("m2")
    pool.add("new", {"says": 3})
    assert [member.seed for member in pool.members] == [40, 42]


def test_a_pool_is_put_back_from_its_facts_and_leaves_none_while_it_is_as_at_first():
    pool, _ = pool_of(1, 2)
    assert pool.facts() == {}
    pool.replace("m1", {"says": 7}, weight=(3.0, 1.0))
    pool.add("new", {"says": 5})
    again, made = pool_of(1, 2)
    again.restore(pool.facts())
    assert again.members == pool.members
    assert again.facts() == pool.facts()
    assert again.mixture.shares.tolist() == pool.mixture.shares.tolist()
    assert set(made) == {1, 2, 7, 5}
    again.restore({})
    assert [member.name for member in again.members] == ["m1", "m2"]
    assert again.facts() == {}
    again.add("new", {"says": 5})
    assert again.members[-1].seed == 2


# ------------------------------------------------------------------ the mixture


def test_a_mixture_of_one_hands_everything_through():
    player = Says(4)
    mixture = Mixture([player], [1.0])
    _, memory = mixture.predict(SEEN)
    _, memory = mixture.predict(SEEN, memory, np.zeros(6, bool))
    assert (memory == 2).all()
    mixture.reseed(9)
    assert player.seeds == [9]


def test_where_one_member_was_alone_all_games_are_drawn_and_begin():
    first, second = Says(1), Says(2)
    mixture = Mixture([first], [1.0])
    _, memory = mixture.predict(SEEN)
    mixture.change(MixtureChange((0, second), (1.0, 1.0), (1.0, 1.0)))
    actions, memory = mixture.predict(SEEN, memory, np.zeros(6, bool))
    assert set(actions.tolist()) == {1, 2}
    assert first.begun + second.begun == 6
    mixture.change(MixtureChange((1,), (1.0,), (1.0,)))
    actions, memory = mixture.predict(SEEN, memory, np.zeros(6, bool))
    assert (actions == 2).all()
    assert (memory == 1).all(), "it begins anew"


@pytest.mark.parametrize(
    "change",
    [
        MixtureChange((), (), ()),
        MixtureChange((0,), (1.0, 1.0), (1.0,)),
        MixtureChange((0,), (1.0,), ()),
        MixtureChange((0,), (0.0,), (1.0,)),
    ],
)
def test_members_without_weights_are_refused(change):
    with pytest.raises(ValueError, match="weight"):
        Mixture([Says(1)], [1.0]).change(change)


# ------------------------------------------------------------------ while training goes on

KITCHEN = {"horizon": 30}
UPDATES, ADDED = 6, 3
SETTINGS = RefineSettings.model_validate(
    {
        "games": 4,
        "batch_size": 50,
        "epochs": 1,
        "warm_up": 1,
        "steps": 4 * 25 * UPDATES,
        "rollout": {"steps": 25, "half_life": 1.0},
        "judge": {"every": 2, "games": 4},
    }
)


class Stopped(Exception):
    """As if the process had been killed here."""


class Changes(BaseCallback):
    """Adds a member at an update that is no checkpoint, and takes another away at the next."""

    def __init__(self, pool, stop=UPDATES + 1):
        super().__init__()
        self.pool, self.stop, self.names = pool, stop, []

    def _on_step(self):
        return True

    def _on_rollout_start(self):
        update = updates_of(self.model, self.num_timesteps)
        if update == self.stop:
            raise Stopped
        if update == ADDED:
            self.pool.add("new", {"player": "random"}, weight=3.0)
        if update == ADDED + 1:
            self.pool.remove("still")
        self.names.append([member.name for member in self.pool.members])


def refined(folder, stop=UPDATES + 1, cores=1):
    """What a run leaves whose pool changes: rows, the last checkpoint, and the pool's names by update."""
    world = make_world("gpo/Kitchen-v0")
    torch.manual_seed(0)
    clone = build_policy(world.observation_space, world.action_space, {"n_costs": len(world.costs)})
    judge = Judge(
        lambda games, seed: make_batch(world, games, seed=seed, options=KITCHEN),
        PartnerPool.of(NetworkPlayer(clone, 5)),
        4,
        2,
    )
    keeper = BestAgentKeeper(judge, clone, Manner(), GateSettings(world.north_star, 2))
    members = (MemberSettings(player="still"), MemberSettings(player="random"))
    pool = make_partner(PartnerSettings(mixture=members), world, [], 7)
    assert pool is not None
    changes = Changes(pool, stop)
    inputs = RefineInputs(
        world,
        clone,
        RewardSchedule(world.weights),
        folder,
        1,
        pool,
        options=KITCHEN,
        engine=ComputeChoice("float32", 1, cores),
    )
    refine(inputs, SETTINGS, keeper, [changes])
    newest = max((folder / "checkpoints").glob("*.safetensors"))
    rows = (folder / "metrics.jsonl").read_bytes()
    return rows, newest.name, newest.read_bytes(), changes.names


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return refined(tmp_path_factory.mktemp("whole"))


def test_the_pool_has_the_member_from_that_update_on(whole):
    first, both, last = ["still", "random"], ["still", "random", "new"], ["random", "new"]
    assert whole[3] == [first] * ADDED + [both] + [last] * (UPDATES - ADDED - 1)


@pytest.mark.parametrize("stop", range(1, UPDATES))
def test_a_run_stopped_before_or_after_the_change_ends_with_the_same_bits(whole, tmp_path, stop):
    with pytest.raises(Stopped):
        refined(tmp_path, stop)
    again = refined(tmp_path)
    assert again[:3] == whole[:3]
    kept, _ = read_checkpoint(tmp_path / "checkpoints")
    assert kept is not None
    names = [member["name"] for member in kept.facts["partners"]["members"]]
    assert names == ["random", "new"]


def test_the_change_is_felt(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(PartnerPool, "add", lambda *arguments, **keywords: None)
    assert refined(tmp_path)[2] != whole[2]


def test_members_that_change_in_another_process_change_nothing_else(whole, tmp_path, monkeypatch):
    moved = []

    class Up(RemotePlayer):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            assert self._pipe.poll(60)  # it is up, and moves at once
            moved.append(self)

    monkeypatch.setattr("agents.players.remote_player.RemotePlayer", Up)
    assert refined(tmp_path, cores=2)[:3] == whole[:3]
    assert [player.is_remote for player in moved] == [True]


def test_the_learner_itself_cannot_join_in_another_process():
    world = make_world("gpo/Kitchen-v0")
    batch = make_batch(world, 2)
    pool = make_partner(PartnerSettings(player="still"), world, [], 0)
    assert pool is not None
    remote = RemotePlayer(pool.mixture, batch)
    pool.play_in(remote)
    try:
        with pytest.raises(ValueError, match="The learner itself cannot join"):
            pool.add("me", {"player": "self"})
    finally:
        remote.end()
    assert [member.name for member in pool.members] == ["still"]
    assert isinstance(pool.mixture.players[0], StillPlayer)
    assert not any(isinstance(player, RandomPlayer) for player in pool.mixture.players)

"""How fast refining is, against Stable-Baselines3 on the same machine in the same minute."""

from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from torch import nn

from agents.networks.policy import AgentPolicy, build_policy
from agents.players.player import NetworkPlayer
from agents.players.remote_player import RemotePlayer
from agents.players.unstuck import Unstuck
from environments.catalog import make_batch, make_world
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from training.compute.hardware import choose_compute
from training.compute.second_core import free_cores
from training.ppo.refiner import Refiner
from training.ppo.settings import RefinerInputs

pytestmark = pytest.mark.bench

SMALL = {"net_arch": {"pi": [64, 64], "vf": [64, 64]}, "activation_fn": nn.Tanh}
ROUNDS = 3
WARM_UP, UPDATES = 10, 30


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def balance(size: int = 256) -> Sb3VecEnv:
    return Sb3VecEnv(Seating(make_batch("gpo/Balance-v0", size)))


def rate(agent: PPO, steps: int) -> float:
    """Steps a second, after a rollout and an update to warm up."""
    agent.learn(agent.n_steps * agent.n_envs)
    began = perf_counter()
    agent.learn(steps, reset_num_timesteps=False)
    return steps / (perf_counter() - began)


def peers() -> dict[str, Any]:
    common: dict[str, Any] = {"n_epochs": 4, "seed": 0, "device": "cpu"}
    batched = {**common, "n_steps": 64, "batch_size": 4096}
    plain: dict[str, Any] = {"net_arch": [64, 64], "activation_fn": nn.Tanh}
    few = {**common, "n_steps": 256, "batch_size": 64}
    precision = choose_compute(refiner(batched, "float32").policy, 4096, None, 1).precision
    return {
        "SB3, make_vec_env(8)": (
            lambda: PPO("MlpPolicy", make_vec_env("CartPole-v1", 8), policy_kwargs=plain, **few),
            16_384,
        ),
        "SB3 on our batch of 256": (
            lambda: PPO("MlpPolicy", balance(), policy_kwargs=plain, **batched),
            131_072,
        ),
        "Refiner, float32": (lambda: refiner(batched, "float32"), 262_144),
        f"Refiner, {precision}": (lambda: refiner(batched, precision), 262_144),
    }


def refiner(batched: dict[str, Any], precision: Any) -> Refiner:
    kwargs: dict[str, Any] = {**SMALL, "optimizer_kwargs": {"eps": 1e-5, "fused": True}}
    return Refiner(
        AgentPolicy, balance(), RefinerInputs(precision=precision), policy_kwargs=kwargs, **batched
    )


def test_balance_against_sb3(capsys):
    rates: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, (make, steps) in peers().items():
            rates.setdefault(name, []).append(rate(make(), steps))
    found = {name: median(values) for name, values in rates.items()}
    ours = max(value for name, value in found.items() if name.startswith("Refiner"))
    with capsys.disabled():
        print("\nCartPole, two 64x64 tanh networks, 4 epochs, one thread, steps a second:")
        for name, value in found.items():
            print(f"  {name:<26} {value:>10,.0f}   ours is {ours / value:5.2f} times as fast")
    assert ours >= 10 * found["SB3, make_vec_env(8)"]
    assert ours >= 1.25 * found["SB3 on our batch of 256"]


def bare_loop(updates: int) -> float:
    """The same arithmetic in plain torch, nothing logged, nothing checked; steps a second."""
    face = balance()
    policy = build_policy(
        face.observation_space,
        face.action_space,
        {"net_arch": SMALL["net_arch"], "activation": "Tanh"},
    )
    optimiser = torch.optim.Adam(policy.parameters(), 3e-4, fused=True)
    seen: Any = face.reset()
    began = perf_counter()
    for _ in range(updates):
        rows, done, paid, chosen = [], [], [], []
        for _ in range(64):
            with torch.inference_mode():
                logits = policy.logits(torch.from_numpy(seen))
                noise = torch.empty_like(logits).exponential_()
                action = (logits.log_softmax(1) - noise.log_()).argmax(1).numpy()
            rows.append(seen)
            chosen.append(action)
            seen, reward, ended, _ = face.step(action)
            paid.append(reward)
            done.append(ended)
        tape = [np.stack(column) for column in (rows, chosen, paid, done)]
        _bare_update(policy, optimiser, tape, seen)
    return updates * 64 * 256 / (perf_counter() - began)


def _bare_update(policy, optimiser, tape, last):
    seen, chosen, paid, done = tape
    flat = torch.from_numpy(seen.reshape(-1, 4))
    actions = torch.from_numpy(chosen.reshape(-1, 1))
    with torch.inference_mode():
        values = policy.predict_values(flat).numpy().reshape(64, 256)
        following = np.concatenate(
            [values[1:], policy.predict_values(torch.from_numpy(last)).numpy().T]
        )
        old = policy.logits(flat).log_softmax(1).gather(1, actions)
    advantages = np.zeros((64, 256), np.float32)
    later = np.zeros(256, np.float32)
    for t in range(63, -1, -1):
        goes_on = 1.0 - done[t]
        later = paid[t] + 0.99 * following[t] * goes_on - values[t] + 0.99 * 0.95 * goes_on * later
        advantages[t] = later
    returns = torch.from_numpy((advantages + values).reshape(-1))
    gains, old = torch.from_numpy(advantages.reshape(-1)), old.clone()
    for _ in range(4):
        for rows in torch.randperm(len(flat)).split(4096):
            here, gain = flat[rows], gains[rows]
            logs = policy.logits(here).log_softmax(1)
            (logs.exp() * logs).sum(1).mean()  # the entropy, which PPO logs whatever its weight
            ratio = torch.exp(logs.gather(1, actions[rows]) - old[rows]).flatten()
            gain = (gain - gain.mean()) / (gain.std() + 1e-8)
            loss = -torch.min(gain * ratio, gain * ratio.clamp(0.8, 1.2)).mean()
            loss = (
                loss + 0.5 * (policy.predict_values(here).flatten() - returns[rows]).square().mean()
            )
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(policy.parameters(), 0.5)
            optimiser.step()


def test_balance_against_a_bare_loop(capsys):
    ours, bare = [], []
    batched: dict[str, Any] = {
        "n_epochs": 4,
        "seed": 0,
        "device": "cpu",
        "n_steps": 64,
        "batch_size": 4096,
    }
    for _ in range(ROUNDS):
        bare_loop(1)
        bare.append(bare_loop(16))
        ours.append(rate(refiner(batched, "float32"), 16 * 16_384))
    share = median(ours) / median(bare)
    with capsys.disabled():
        print(
            f"\nbare torch loop {median(bare):,.0f} steps a second, Refiner {share:.2f} times that"
        )
    assert share >= 0.9


def seconds_to(agent: PPO, level: float) -> float:
    """Seconds of training until the mean of the last 100 episodes is `level`."""
    began = perf_counter()
    while (
        len(agent.ep_info_buffer or ()) < 100
        or np.mean([episode["r"] for episode in agent.ep_info_buffer or ()]) < level
    ):
        agent.learn(agent.n_steps * agent.n_envs, reset_num_timesteps=False)
        if perf_counter() - began > 120:
            return float("inf")
    return perf_counter() - began


def test_balance_learned_against_the_clock(capsys):
    plain: dict[str, Any] = {"net_arch": [64, 64], "activation_fn": nn.Tanh}
    theirs, ours = [], []
    for seed in range(3):
        peer = make_vec_env("CartPole-v1", 8, seed=seed)
        settings: dict[str, Any] = {"learning_rate": 1e-3, "seed": seed, "device": "cpu"}
        theirs.append(
            seconds_to(
                PPO("MlpPolicy", peer, n_steps=32, batch_size=256, n_epochs=20, gae_lambda=0.8,
                    gamma=0.98, policy_kwargs=plain, **settings), 475.0)
        )  # fmt: skip
        face = Sb3VecEnv(Seating(make_batch("gpo/Balance-v0", 64)))
        kwargs: dict[str, Any] = {**SMALL, "optimizer_kwargs": {"eps": 1e-5, "fused": True}}
        ours.append(
            seconds_to(
                Refiner(AgentPolicy, face, n_steps=32, batch_size=512, n_epochs=6, gae_lambda=0.8,
                        gamma=0.98, learning_rate=4e-3, policy_kwargs=kwargs, seed=seed,
                        device="cpu"), 475.0)
        )  # fmt: skip
    with capsys.disabled():
        print(f"\nseconds until 100 episodes of CartPole score 475: SB3 {theirs}, ours {ours}")
    assert median(ours) <= median(theirs) / 3


def kitchen(cores: int) -> Refiner:
    world = make_world("gpo/Kitchen-v0")
    arch = {"net_arch": {"pi": [128, 128], "vf": [128, 128]}, "n_costs": 2}
    clone = build_policy(world.observation_space, world.action_space, arch)
    assert world.body is not None
    batch, partner = make_batch(world, 256), Unstuck(NetworkPlayer(clone, 1), world.body)
    return Refiner(
        AgentPolicy,
        Sb3VecEnv(
            Seating(batch, "alternate", partner if cores == 1 else RemotePlayer(partner, batch))
        ),
        RefinerInputs(precision=choose_compute(clone, 4000, None, 1).precision, cores=cores),
        policy_kwargs={**arch, "optimizer_kwargs": {"eps": 1e-5, "fused": True}},
        n_steps=125,
        batch_size=4000,
        n_epochs=4,
        device="cpu",
    )


def test_kitchen_in_the_whole_loop(capsys):
    agents = {cores: kitchen(cores) for cores in sorted({1, min(2, free_cores())})}
    update = agents[1].n_steps * agents[1].n_envs
    took: dict[int, list[float]] = {cores: [] for cores in agents}
    for _ in range(WARM_UP + UPDATES):
        for cores, agent in agents.items():  # in turn, so that all meet the same neighbours
            began = perf_counter()
            agent.learn(update, reset_num_timesteps=False)
            took[cores].append(perf_counter() - began)
    found = {cores: update / median(seconds[WARM_UP:]) for cores, seconds in took.items()}
    with capsys.disabled():
        print(
            f"\nkitchen, two 2x128 networks, a cloned partner, 4 epochs, {agents[1].inputs.precision}:"
        )
        for cores, value in found.items():
            print(
                f"  on {cores} of the cores {value:,.0f} joint steps a second, {value / found[1]:.2f} "
                f"times one; time went to: {agents[cores].clock}"
            )
    assert len(found) == 1 or found[2] > 1.4 * found[1]

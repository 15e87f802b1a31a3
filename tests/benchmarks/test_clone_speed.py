"""How fast we clone, beside imitation's behaviour cloning: same network, same data, same run, in turn."""

import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.networks.policy import build_policy
from demos.data.dataset.store import Store
from demos.data.exchange.overcooked.importing import dataset_name, import_layouts
from training.imitation.objective import Objective, one_epoch
from training.imitation.settings import CloneSettings

DATASET = dataset_name("cramped_room", "train")
TURNS = 5
STEPS = {32: 320, 1024: 24}  # of imitation's optimiser in a turn


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The recorded play of people in a small kitchen."""
    store = Store(Path("datasets"))
    if DATASET not in store.names():
        store = Store(tmp_path_factory.mktemp("datasets"))
        import_layouts(store, ["cramped_room"], lambda text, part: None)
    dataset = store.open(DATASET)
    return dataset.arrays(), dataset.revision.observation_space, dataset.revision.action_space


def imitations(played, batch_size, policy, folder):
    """A function that trains imitation's BC for some steps and returns samples a second."""
    from imitation.algorithms.bc import BC
    from imitation.data.types import Transitions
    from imitation.util.logger import HierarchicalLogger
    from stable_baselines3.common.logger import Logger

    arrays, sight, act = played
    count = len(arrays.actions)
    recorded = Transitions(
        obs=arrays.observations,
        acts=arrays.actions,
        infos=np.array([{}] * count),
        next_obs=arrays.observations,
        dones=np.zeros(count, bool),
    )
    trainer = BC(
        observation_space=sight,
        action_space=act,
        demonstrations=recorded,
        rng=np.random.default_rng(0),
        policy=policy,
        batch_size=batch_size,
        device="cpu",
        custom_logger=HierarchicalLogger(Logger(folder=folder, output_formats=[])),
    )

    def turn():
        steps = STEPS[batch_size]
        began = time.perf_counter()
        trainer.train(n_batches=steps, progress_bar=False, log_interval=10**9)
        return steps * batch_size / (time.perf_counter() - began)

    return turn


def ours(played, hidden, activation):
    """A function that clones for some epochs as `clone` does and returns samples a second."""
    arrays, sight, act = played
    settings = CloneSettings(hidden=hidden, dropout=0.0)
    architecture = {"pi": hidden, "vf": hidden}
    policy = build_policy(sight, act, {"net_arch": architecture, "activation": activation})
    optimiser = torch.optim.Adam(policy.parameters(), lr=settings.learning_rate, fused=True)
    data = [torch.from_numpy(arrays.observations), torch.from_numpy(arrays.actions)]

    def turn():
        epochs = 3
        began = time.perf_counter()
        for _ in range(epochs):
            one_epoch(Objective(policy, settings, None), optimiser, data, 512)
        return epochs * len(arrays.actions) / (time.perf_counter() - began)

    return turn


@pytest.mark.bench
@pytest.mark.parametrize(
    ("hidden", "times", "times_1024"),
    [
        ([32, 32], 20, 5),  # imitation's default network, as its documentation uses it
        (
            [128, 128],
            10,
            3,
        ),  # ours: here the matrix products, which are the same, take most of the time
    ],
    ids=["32x32", "128x128"],
)
def test_cloning_is_many_times_as_fast_as_imitations(hidden, times, times_1024, played, tmp_path):
    _, sight, act = played
    activation = "Tanh" if hidden == [32, 32] else "ReLU"

    def theirs():
        if hidden == [32, 32]:
            return None  # FeedForward32Policy
        return build_policy(sight, act, {"net_arch": {"pi": hidden, "vf": hidden}})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        turns = {
            "imitation, batch 32": imitations(played, 32, theirs(), str(tmp_path)),
            "imitation, batch 1024": imitations(played, 1024, theirs(), str(tmp_path)),
            "ours": ours(played, hidden, activation),
        }
        measured: dict[str, list[float]] = {name: [] for name in turns}
        for turn in turns.values():
            turn()  # not counted
        for _ in range(TURNS):
            for name, turn in turns.items():
                measured[name].append(turn())
    median = {name: statistics.median(values) for name, values in measured.items()}
    print(f"\ncloning, network {hidden}, samples/s (median of {TURNS}, interleaved):")
    for name, value in median.items():
        print(f"  {name:22} {value:9,.0f}   ours is {median['ours'] / value:4.1f} times that")
    assert median["ours"] >= times * median["imitation, batch 32"]
    assert median["ours"] >= times_1024 * median["imitation, batch 1024"]

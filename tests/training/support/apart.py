"""Training in processes of their own, which can be ended at any moment."""

import multiprocessing
from multiprocessing.process import BaseProcess
from pathlib import Path

SERVER = multiprocessing.get_context("forkserver")  # loads torch once; each process is then a fork
SERVER.set_forkserver_preload(
    [
        "tests.training.support.apart",
        "training.pipeline.train",
        "environments.worlds.balance",
        "environments.worlds.kitchen.world",
        "matplotlib.figure",
        "torch.utils.tensorboard",
    ]
)


def start(recipe: Path, folder: Path) -> BaseProcess:
    """Begin `gpo train` in a new process."""
    process = SERVER.Process(target=_train, args=(str(recipe), str(folder)))
    process.start()
    return process


def _train(recipe: str, folder: str) -> None:
    import gpo  # here: in the new process

    # So short a training keeps no limit; what it ends with is compared all the same.
    raise SystemExit(gpo.main(["train", recipe, "--run", folder, "--accept-unsafe"]))

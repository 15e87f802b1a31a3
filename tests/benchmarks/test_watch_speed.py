"""How many pictures a second the viewer draws with all its panels, and how long an agent takes to decide."""

import time
from typing import Any

import numpy as np
import pytest
import torch

from demos.sessions.match.cast_by_name import cast_for
from demos.sessions.watch.camera import Camera
from demos.sessions.watch.command import SIZE
from demos.sessions.watch.viewer import Viewer
from demos.window.window import AppWindow
from tests.demos.support.runs import small_run

FRAMES, WANTED = 400, 60  # pictures; a second
CORE = 0.7  # of one
HIDDEN = 64  # units, in two layers
LIMITS = {  # costs that have one, by world
    "gpo/Kitchen-v0": ("collision", "waste"),
    "gpo/Duel-v0": ("bystander_hit", "spawn_camping"),
    "gpo/Courier-v0": ("too_close", "zone_speed"),
}


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.bench
@pytest.mark.parametrize("ghost", [False, True], ids=["one game", "with a ghost"])
@pytest.mark.parametrize("world", LIMITS)
def test_pictures_with_all_panels(tmp_path, world, ghost):
    """Each picture shows another step: nothing that was drawn before can be shown again."""
    recipe: Any = {"costs": {name: {"limit": 3} for name in LIMITS[world]}}
    run = small_run(tmp_path / "run", world, settings={"hidden": HIDDEN}, **recipe)
    with AppWindow("bench", SIZE, headless=True) as stage:
        viewer = Viewer(cast_for(str(run), options={"horizon": 400}), 1)
        if ghost:
            viewer.toggle_ghost(0.0)
        camera, took = Camera(viewer), []
        for _ in range(20):  # words and sprites are drawn once and kept
            viewer.step_on(0.0)
            camera.draw(stage)
        began = time.perf_counter()
        for _ in range(FRAMES):
            if viewer.ended:
                viewer.next_game(0.0)
            start = time.process_time()
            viewer.step_on(0.0)
            camera.draw(stage)
            took.append(time.process_time() - start)
        rate = FRAMES / (time.perf_counter() - began)
        viewer.close()
    share = float(np.mean(took)) * WANTED
    print(
        f"\n{world}, {SIZE[0]}x{SIZE[1]}, {'two games' if ghost else 'one game'}: {rate:.0f} pictures "
        f"a second, each of another step; at {WANTED} a second {share:.0%} of one core "
        f"(p99 {np.percentile(took, 99) * 1000:.1f} ms a picture)"
    )
    assert len(viewer.display.panels) == 8
    assert rate >= WANTED
    assert share <= CORE


@pytest.mark.bench
@pytest.mark.parametrize("world", ["gpo/Balance-v0", *LIMITS])
def test_decisions(tmp_path, world):
    run = small_run(tmp_path / "run", world, settings={"hidden": HIDDEN})
    match = Viewer(cast_for(str(run)), 1).main.match
    took = []
    for seed in range(25):
        match.begin(seed)
        while not match.over:
            took.append(match.decisions[0].seconds * 1000)
            match.step()
    p50, p99 = np.percentile(took, [50, 99])
    print(
        f"\n{world}: a decision of a {HIDDEN}x{HIDDEN} network takes {p50:.3f} ms at the median, "
        f"{p99:.3f} ms at p99 ({len(took)} decisions)"
    )
    assert p50 < 1.0

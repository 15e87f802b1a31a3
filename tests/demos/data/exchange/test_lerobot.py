"""LeRobot's folders, as others write them and as we do."""

import json
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gymnasium import spaces

from agents.players.player import RandomPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from demos.data.exchange.formats import export, import_from
from demos.data.exchange.lerobot import writer
from demos.data.exchange.lerobot.columns import statistics, together
from demos.window.video.encoder import find_ffmpeg
from environments.catalog import make_world
from environments.external.trial.trial import try_here
from environments.system.errors import UserError

HERE = "tests.demos.data.exchange.test_lerobot"
BOTH = ("lerobot", "lerobot-v2.1")
HIGH, WIDE, FPS = 48, 64, 20


@pytest.fixture(autouse=True)
def _tried_in_this_process(monkeypatch):
    monkeypatch.setattr("environments.external.description.try_once", try_here)


class Arm(gymnasium.Env):
    """A camera whose pictures tell the step, and an arm that goes where it is told."""

    def __init__(self, camera: bool = True):
        arm = spaces.Box(-1, 1, (2,), np.float32)
        pixels = spaces.Box(0, 255, (HIGH, WIDE, 3), np.uint8)
        self.camera = camera
        self.observation_space = (
            spaces.Dict({"agent_pos": arm, "pixels": pixels}) if camera else arm
        )
        self.action_space = spaces.Box(-1, 1, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        self.at = self.np_random.uniform(-1, 1, 2).astype(np.float32)
        return self._seen(), {}

    def step(self, action):
        self.steps += 1
        self.at = np.clip(self.at + 0.1 * action, -1, 1).astype(np.float32)
        return self._seen(), 1.0, self.steps == 6, False, {}

    def _seen(self):
        if not self.camera:
            return self.at
        return {"agent_pos": self.at, "pixels": np.full((HIGH, WIDE, 3), 40 * self.steps, np.uint8)}


def arms(tmp_path: Path, episodes: int = 3, **params: Any) -> Store:
    store = Store(tmp_path / "datasets")
    world = make_world(f"{HERE}:Arm", **params)
    collect(store, "arm", world, [RandomPlayer(world.action_space, 0)], episodes)
    return store


def strangers(store: Store, folder: Path, kind: str, name: str = "arm") -> Path:
    """The dataset in a folder of LeRobot, without what only we note."""
    export(store, name, kind, folder)
    (folder / "meta" / "gpo.npz").unlink()
    return folder


def changed(folder: Path, **told: Any) -> None:
    path = folder / "meta" / "info.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **told}))


@pytest.mark.parametrize("kind", BOTH)
def test_a_folder_of_others_loses_the_last_action_and_says_so(tmp_path, kind):
    store = arms(tmp_path)
    folder = strangers(store, tmp_path / "out", kind)
    told = import_from(store, kind, folder, "again", world=f"{HERE}:Arm")
    assert "the last action of each episode" in told
    assert "seeds" in told
    assert "next.reward" not in told
    for old, new in zip(store.open("arm").load_all(), store.open("again").load_all(), strict=True):
        np.testing.assert_array_equal(new.observations, old.observations[:-1])
        np.testing.assert_array_equal(new.actions, old.actions[:-1])
        np.testing.assert_array_equal(new.rewards, old.rewards[:-1])
        assert new.truncated
        assert not new.terminated
        assert new.meta["tick"] == pytest.approx(1 / FPS)
        assert new.seconds == pytest.approx((len(old) - 1) / FPS)


def test_pictures_and_arms_are_parts_of_their_own(tmp_path):
    export(arms(tmp_path), "arm", "lerobot", tmp_path / "out")
    info = json.loads((tmp_path / "out/meta/info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    assert info["features"]["observation.state"] == {
        "dtype": "float32",
        "shape": [2],
        "names": None,
    }
    assert info["features"]["observation.images.pixels"]["shape"] == [HIGH, WIDE, 3]
    assert info["total_frames"] == 18
    assert info["fps"] == FPS


def test_the_tables_of_version_3_are_as_lerobot_writes_them(tmp_path):
    export(arms(tmp_path), "arm", "lerobot", tmp_path / "out")
    episodes = pd.read_parquet(tmp_path / "out/meta/episodes/chunk-000/file-000.parquet")
    assert episodes["dataset_from_index"].tolist() == [0, 6, 12]
    assert episodes["dataset_to_index"].tolist() == [6, 12, 18]
    assert {"data/chunk_index", "data/file_index", "tasks", "length"} <= {*episodes.columns}
    assert "stats/observation.state/mean" in episodes.columns
    tasks = pd.read_parquet(tmp_path / "out/meta/tasks.parquet")
    assert tasks.index.tolist() == [f"{HERE}:Arm"]
    assert tasks["task_index"].tolist() == [0]
    rows = pd.read_parquet(tmp_path / "out/data/chunk-000/file-000.parquet")
    assert rows["index"].tolist() == list(range(18))
    assert rows["frame_index"].tolist() == [*range(6)] * 3
    assert rows["timestamp"][5] == pytest.approx(5 / FPS)
    assert rows["next.done"].tolist() == ([False] * 5 + [True]) * 3
    assert rows["observation.images.pixels"][0]["bytes"].startswith(b"\x89PNG")


def test_the_tables_of_version_2_are_as_lerobot_writes_them(tmp_path):
    export(arms(tmp_path), "arm", "lerobot-v2.1", tmp_path / "out")
    lines = (tmp_path / "out/meta/episodes.jsonl").read_text().splitlines()
    assert json.loads(lines[2])["length"] == 6
    assert (tmp_path / "out/data/chunk-000/episode_000002.parquet").exists()
    stats = json.loads((tmp_path / "out/meta/episodes_stats.jsonl").read_text().splitlines()[0])
    assert np.shape(stats["stats"]["observation.images.pixels"]["mean"]) == (3, 1, 1)
    assert len(stats["stats"]["action"]["max"]) == 2


def test_many_episodes_fill_several_files(tmp_path, monkeypatch):
    store = arms(tmp_path, camera=False)
    monkeypatch.setattr("demos.data.exchange.lerobot.writer.CHUNK", 2)
    monkeypatch.setattr(
        "demos.data.exchange.lerobot.lerobot_format.LeRobotFacts",
        partial(writer.LeRobotFacts, megabytes=1e-6),
    )
    export(store, "arm", "lerobot", tmp_path / "out")
    found = sorted(
        p.relative_to(tmp_path / "out").as_posix()
        for p in (tmp_path / "out/data").rglob("*.parquet")
    )
    assert found == [f"data/chunk-00{c}/file-00{f}.parquet" for c, f in ((0, 0), (0, 1), (1, 0))]
    import_from(store, "lerobot", tmp_path / "out", "again")
    np.testing.assert_array_equal(
        store.open("again").load(2).actions, store.open("arm").load(2).actions
    )


def filmed(folder: Path, kind: str, episodes: int = 3, frames: int = 6) -> Path:
    """The folder with its pictures in videos, as robots record them; v3.0 has all episodes in one."""
    info = json.loads((folder / "meta/info.json").read_text())
    key = "observation.images.pixels"
    info["features"][key]["dtype"] = "video"
    new = kind == "lerobot"
    changed(folder, features=info["features"])
    shown = np.repeat(np.arange(frames, dtype=np.uint8) * 40, HIGH * WIDE * 3)
    if new:
        film(folder / f"videos/{key}/chunk-000/file-000.mp4", np.tile(shown, episodes))
        path = folder / "meta/episodes/chunk-000/file-000.parquet"
        table = pd.read_parquet(path)
        table[f"videos/{key}/chunk_index"] = 0
        table[f"videos/{key}/file_index"] = 0
        table[f"videos/{key}/from_timestamp"] = np.arange(episodes) * frames / FPS
        table[f"videos/{key}/to_timestamp"] = (np.arange(episodes) + 1) * frames / FPS
        table.to_parquet(path)
    else:
        for k in range(episodes):
            film(folder / f"videos/chunk-000/{key}/episode_{k:06d}.mp4", shown)
    for path in (folder / "data").rglob("*.parquet"):
        table = pq.read_table(path)
        pq.write_table(table.drop_columns([key]), path)
    return folder


def film(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [find_ffmpeg(), "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDE}x{HIGH}",
         "-r", str(FPS), "-i", "-", "-pix_fmt", "yuv420p", "-g", "2", str(path)],
        input=pixels.tobytes(),
        check=True,
    )  # fmt: skip


@pytest.mark.parametrize("kind", BOTH)
def test_videos_are_decoded_to_pictures(tmp_path, kind):
    store = arms(tmp_path)
    folder = filmed(strangers(store, tmp_path / "out", kind), kind)
    import_from(store, kind, folder, "again", world=f"{HERE}:Arm")
    world = make_world(f"{HERE}:Arm")
    end = next(part.size for part in world.parts if part.name == "agent_pos")
    for old, new in zip(store.open("arm").load_all(), store.open("again").load_all(), strict=True):
        pictures = new.observations[:, end:]
        assert np.abs(pictures - old.observations[:-1, end:]).max() <= 4  # a video loses a little


@pytest.mark.parametrize("kind", BOTH)
def test_a_missing_video_is_named_where_it_is_needed(tmp_path, kind):
    store = arms(tmp_path)
    folder = filmed(strangers(store, tmp_path / "out", kind), kind)
    shutil.rmtree(folder / "videos")
    with pytest.raises(
        UserError, match=r"The video .*mp4 of the camera 'observation.images.pixels' is not"
    ):
        import_from(store, kind, folder, "again", world=f"{HERE}:Arm")
    assert store.names() == ["arm"]
    told = import_from(store, kind, folder, "again", world=f"{HERE}:Arm", params={"camera": False})
    assert "the observation observation.images.pixels" in told
    assert store.open("again").load(0).observations.shape == (6, 2)


def test_a_video_that_is_too_short_is_refused(tmp_path):
    store = arms(tmp_path)
    folder = filmed(strangers(store, tmp_path / "out", "lerobot"), "lerobot")
    path = folder / "videos/observation.images.pixels/chunk-000/file-000.mp4"
    film(path, np.zeros(8 * HIGH * WIDE * 3, np.uint8))
    with pytest.raises(UserError, match=r"gives 2 frames of 64 x 48 from 0\.3 s on, and 6 are"):
        import_from(store, "lerobot", folder, "again", world=f"{HERE}:Arm")


def test_a_video_is_never_a_list_of_other_files(tmp_path):
    store = arms(tmp_path)
    folder = filmed(strangers(store, tmp_path / "out", "lerobot"), "lerobot")
    path = folder / "videos/observation.images.pixels/chunk-000/file-000.mp4"
    kept = path.rename(tmp_path / "kept.mp4")
    path.write_text(f"#EXTM3U\n#EXTINF:10,\n{kept}\n#EXT-X-ENDLIST\n")
    with pytest.raises(UserError, match="gives 0 frames"):
        import_from(store, "lerobot", folder, "again", world=f"{HERE}:Arm")


def test_a_person_says_which_observation_is_which(tmp_path):
    store = arms(tmp_path, camera=False)
    folder = strangers(store, tmp_path / "out", "lerobot")
    path = folder / "data/chunk-000/file-000.parquet"
    info = json.loads((folder / "meta/info.json").read_text())
    info["features"]["observation.goal"] = info["features"]["observation.joints"] = info[
        "features"
    ].pop("observation.state")
    changed(folder, features=info["features"])
    table = pq.read_table(path)
    state = table.column("observation.state")
    table = table.append_column("observation.goal", state).append_column(
        "observation.joints", state
    )
    pq.write_table(table, path)
    how = {"world": f"{HERE}:Arm", "params": {"camera": False}}
    with pytest.raises(
        UserError, match=r"it has observation.goal \[2\], observation.joints \[2\]: say which"
    ):
        import_from(store, "lerobot", folder, "again", **how)
    with pytest.raises(
        UserError, match=r"the file has no '.*': did you mean 'observation\.joints'"
    ):
        import_from(store, "lerobot", folder, "again", **how, parts={"": "observation.joint"})
    import_from(store, "lerobot", folder, "again", **how, parts={"": "observation.joints"})
    np.testing.assert_array_equal(
        store.open("again").load(1).observations, store.open("arm").load(1).observations[:-1]
    )


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"codebase_version": "v1.6"}, "it is of version 'v1.6', and 2.0 to 3.0 are read"),
        ({"codebase_version": "v3.0\x1b"}, "codebase_version is"),
        ({"fps": 0}, "fps is 0"),
        ({"data_path": "../../{chunk_index}.parquet"}, "its data_path is '../../"),
        ({"features": {"../x": {"dtype": "float32", "shape": [1]}}}, "has a name that is none"),
        ({"features": {"action": {"dtype": "float32", "shape": [-1]}}}, "says no shape"),
        (
            {"features": {"observation.state": {"dtype": "float32", "shape": [2]}}},
            "no feature 'action'",
        ),
        (
            {"features": {"action": {"dtype": "string", "shape": [1]}}},
            "no feature 'action' of numbers",
        ),
        ({"features": {"action": {"dtype": "float32", "shape": [3]}}}, "Episode 0 of out"),
    ],
)
@pytest.mark.battery("files: imports (LeRobot, robomimic, zarr)")
def test_what_an_info_cannot_say_is_refused(tmp_path, told, sentence):
    store = arms(tmp_path, 1, camera=False)
    folder = strangers(store, tmp_path / "out", "lerobot")
    changed(folder, **told)
    with pytest.raises(UserError, match=sentence):
        import_from(
            store, "lerobot", folder, "again", world=f"{HERE}:Arm", params={"camera": False}
        )
    assert store.names() == ["arm"]


@pytest.mark.battery("files: imports (LeRobot, robomimic, zarr)")
def test_pictures_outside_of_a_table_are_not_read(tmp_path):
    store = arms(tmp_path, 1)
    folder = strangers(store, tmp_path / "out", "lerobot")
    path, key = folder / "data/chunk-000/file-000.parquet", "observation.images.pixels"
    table = pq.read_table(path)
    cells = [{"bytes": None, "path": "picture.png"}] * len(table)
    kind = table.schema.field(key).type
    table = table.set_column(table.schema.get_field_index(key), key, pa.array(cells, kind))
    pq.write_table(table, path)
    with pytest.raises(UserError, match="its pictures lie outside of the table"):
        import_from(store, "lerobot", folder, "again", world=f"{HERE}:Arm")


@pytest.mark.battery("files: imports (LeRobot, robomimic, zarr)")
def test_a_folder_that_leads_elsewhere_is_refused(tmp_path):
    store = arms(tmp_path, 1)
    folder = strangers(store, tmp_path / "out", "lerobot")
    path = folder / "data/chunk-000/file-000.parquet"
    path.rename(tmp_path / "elsewhere.parquet")
    path.symlink_to(tmp_path / "elsewhere.parquet")
    with pytest.raises(UserError, match="is a link to"):
        import_from(store, "lerobot", folder, "again", world=f"{HERE}:Arm")


def test_missing_files_are_named(tmp_path):
    store = arms(tmp_path, 1)
    folder = strangers(store, tmp_path / "out", "lerobot")
    (folder / "data/chunk-000/file-000.parquet").unlink()
    with pytest.raises(UserError, match=r"file-000\.parquet"):
        import_from(store, "lerobot", folder, "again", world=f"{HERE}:Arm")
    with pytest.raises(UserError, match="is no folder"):
        import_from(store, "lerobot", folder / "meta/info.json", "again", world=f"{HERE}:Arm")


def test_what_we_noted_is_not_believed_of_a_folder_that_was_changed(tmp_path):
    store = arms(tmp_path)
    export(store, "arm", "lerobot", tmp_path / "out")
    path = tmp_path / "out/meta/episodes/chunk-000/file-000.parquet"
    table = pd.read_parquet(path)
    table.iloc[:2].to_parquet(path)
    told = import_from(store, "lerobot", tmp_path / "out", "again", world=f"{HERE}:Arm")
    assert "2 episodes" in told
    assert "the last action" in told


def test_statistics_of_episodes_add_up():
    rng = np.random.default_rng(0)
    rows = rng.normal(3, 2, (90, 4)).astype(np.float32)
    whole = statistics(rows)
    found = together([statistics(rows[:20]), statistics(rows[20:])])
    for name in ("min", "max", "mean", "std", "count"):
        np.testing.assert_allclose(found[name], whole[name], rtol=1e-6)


def test_actions_keep_their_names(tmp_path):
    store = arms(tmp_path, 1, camera=False)
    folder = strangers(store, tmp_path / "out", "lerobot")
    info = json.loads((folder / "meta/info.json").read_text())
    info["features"]["action"]["names"] = {"motors": ["lift", "grip"]}
    changed(folder, features=info["features"])
    how = {"world": f"{HERE}:Arm", "params": {"camera": False}}
    import_from(store, "lerobot", folder, "again", **how)
    export(store, "again", "lerobot-v2.1", tmp_path / "back")
    again = json.loads((tmp_path / "back/meta/info.json").read_text())
    assert again["features"]["action"]["names"] == ["lift", "grip"]
    assert again["fps"] == FPS
    assert again["features"]["observation.state"]["names"] is None

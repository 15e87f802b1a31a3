"""What is written for TensorBoard: readable by it, at once, and refused in the sentence of who records it."""

import errno
import os
import threading

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.run.tensorboard import EventFile, event_logger


def test_numbers_are_read_back_by_tensorboard(tmp_path):
    logger = event_logger(tmp_path / "tensorboard")
    for step in (100, 200):
        logger.record("play/soup", np.float32(step / 4))
        logger.record("train/updates", step)
        logger.record("time/fps", 3.5, exclude="tensorboard")
        logger.record("said", "words")
        logger.dump(step)
    found = EventAccumulator(str(tmp_path / "tensorboard"))
    found.Reload()
    assert set(found.Tags()["scalars"]) == {"play/soup", "train/updates"}
    assert [(e.step, e.value) for e in found.Scalars("play/soup")] == [(100, 25.0), (200, 50.0)]


def test_each_start_has_a_file_of_its_own(tmp_path):
    assert len({EventFile(tmp_path).path for _ in range(3)}) == 3


def test_a_full_disk_is_met_where_it_is_recorded_and_by_no_thread(tmp_path, monkeypatch):
    threads = threading.active_count()
    logger = event_logger(tmp_path)
    (file,) = logger.output_formats
    assert isinstance(file, EventFile)

    class Full:
        def write(self, data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(file, "_file", Full())
    logger.record("play/soup", 1.0)
    with pytest.raises(OSError, match="No space") as found:
        logger.dump(1)
    assert found.value.filename == str(file.path)
    assert threading.active_count() == threads

"""Formats that cannot be read here, with what to do instead."""

from __future__ import annotations

from pathlib import Path

from demos.data.dataset.dataset import Dataset
from demos.data.exchange.file_format import FileFormat
from demos.data.exchange.portable_episode import Recordings
from environments.system.errors import UserError


class RldsFormat(FileFormat):
    """RLDS: TFRecord files whose layout only TensorFlow Datasets knows."""

    def export(self, dataset: Dataset, path: Path) -> None:
        """Refuse; raises UserError, always."""
        raise UserError("RLDS is not written here: export to lerobot or robomimic.")

    def read(self, path: Path) -> Recordings:
        """Refuse; raises UserError, always."""
        raise UserError(
            f"{path}: RLDS needs TensorFlow, which is not brought along. Port it to LeRobot, whose "
            "documentation shows how, then: gpo demos import lerobot FOLDER"
        )

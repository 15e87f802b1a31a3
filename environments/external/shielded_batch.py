"""`ShieldedExternalBatch`: games of an external environment behind the rules that it was given."""

from __future__ import annotations

from environments.external.batch import ExternalBatch
from environments.shields.shield import ShieldedBatch


class ShieldedExternalBatch(ShieldedBatch, ExternalBatch):
    """As `ExternalBatch`, with the shield before it: the environment's masks are obeyed after the shield."""

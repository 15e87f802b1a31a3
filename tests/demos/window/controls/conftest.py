"""What the tests of controls are made with."""

import pytest

from demos.window.controls.devices import Devices
from environments.catalog import make_world


@pytest.fixture
def devices():
    return Devices()


@pytest.fixture
def kitchen():
    return make_world("gpo/Kitchen-v0")

"""Networks that lead nowhere, beside one that leads out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sdk_plugins.stacks.none import NoStack

from sdk_hooks import Network, Settings

from .test_networks import FRONT, MOVED, boxes

BACK = Network("back", subnet="10.8.0.0/29", internal=True)


@pytest.mark.parametrize("listed", [(BACK, FRONT), (FRONT, BACK)])
def test_ports_and_the_default_route_are_on_one_that_leads_out(
    tmp_path: Path, listed: tuple[Network, ...]
) -> None:
    [box] = boxes(tmp_path, NoStack(), Settings(networks=listed, ports=MOVED))
    said = {each.network.internal: json.dumps(each.plugins) for each in box.networks}

    assert "portmap" in said[False] and "0.0.0.0/0" in said[False]
    assert "portmap" not in said[True] and "0.0.0.0/0" not in said[True]

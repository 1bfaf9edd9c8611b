"""What is told of an engine whose runtime fails on control groups of both versions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sdk_hooks.core import local
from sdk_hooks.testing import TARGET

NOTE = (
    "note: the runtime of podman may want no controllers in version 2 of the control groups beside "
    "version 1, such as hugetlb here: --stack none"
)


@pytest.mark.parametrize(
    ("status", "hybrid", "said"),
    [(126, "hugetlb", [NOTE]), (0, "hugetlb", []), (1, "hugetlb", []), (126, "", [])],
)
def test_what_to_try_where_a_runtime_has_failed(status: int, hybrid: str, said: list[str]) -> None:
    assert list(local.mixed(status, "podman", replace(TARGET, hybrid=hybrid))) == said

"""Tests of one module each: no root, no network, gcc the only program."""

import pytest

pytest.register_assert_rewrite("unit.helpers")

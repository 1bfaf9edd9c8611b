"""Tests of one module each: no root, no network, gcc the only program."""

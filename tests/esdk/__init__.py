"""Tests with a real eSDK, and with OE-Core."""

"""Tests of what a bank says came in."""

"""Tests of what retailers are told that they owe."""

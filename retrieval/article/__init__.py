"""Illustrated articles from a graph's facts."""

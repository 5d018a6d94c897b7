"""The stores and the words everything else uses."""

__version__ = "0.1.0"

"""A management system kept as text: checked, linked and published."""

__version__ = "0.1.0"

"""So that ``python -m qmsctl`` works."""

from qmsctl.cli import program

program()

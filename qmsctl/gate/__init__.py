"""Base, head and evidence to a decision: may this change land?

Everything that decides is read from the base. What is judged is the merge of the head into the base, not the
head: a clean merge of two approved texts is a text nobody approved.
"""

from qmsctl.gate.decide import GateFault, decide
from qmsctl.gate.decision import Decision, Judged, Obstacle, Question

__all__ = ["Decision", "GateFault", "Judged", "Obstacle", "Question", "decide"]

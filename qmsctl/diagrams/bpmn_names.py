"""Words that BPMN files of this system use, for those that write them and those that read them."""

from __future__ import annotations

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"

START, END = "Start", "End"
UNASKED, OTHERWISE = "Which way?", "otherwise"
"""What stands where BPMN wants a name and the process gives none."""
INPUT, OUTPUT, RECORD = "input_", "output_", "record_"
"""How the ids of data objects begin."""
LANE = "lane_"

HANDS, SYSTEM, INSTRUCTION, ACCOUNTABLE = "Hands over", "System", "Instruction", "Accountable"
CONSULTED, INFORMED, DECISION = "Consulted", "Informed", "Decision"
ORIGIN, RECEIVER, CRITERIA = "From", "To", "Good when"
"""Lines of a documentation: `System: ERP`. BPMN has no element for these that tools would show."""

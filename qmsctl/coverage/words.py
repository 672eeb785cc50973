"""What is said about a clause: its states, and the reasons why one is not (fully) answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STATES = {
    "covered": "Answered by something in force, owned, reviewed and, where demanded, recorded",
    "partly": "Answered in part; the reasons say what is missing",
    "planned": "Planned, with owner and date",
    "gap": "Nothing answers it",
    "excluded": "Does not apply, with a reason",
}
"""The states of a clause, best first; `excluded` stands aside."""

NAMES = {"covered": "covered", "partly": "partly", "planned": "planned", "gap": "gap", "excluded": "not applicable"}

SIGNS = {"covered": "●", "partly": "▲", "planned": "△", "gap": "■", "excluded": "○"}
HOWS = {"implements": "says how", "evidences": "proves it", "measures": "measures it"}

DRAFT = "{item} is a draft"
OBSOLETE = "{item} is obsolete"
NOT_YET = "{item} takes effect on {day}"
NO_DATE = "{item} has no effective date"
NOT_OWNED = "nobody answers for {item}"
NOT_HELD = "nobody holds the role {role}, which answers for {item}"
NOT_REVIEWED = "the review of {item} is overdue since {day}"
MISSING = "{item} leaves something open: {what}"
NOTHING = "nothing in force answers it"
ONLY_PROOF = "there is evidence, but nothing in force says how it is done"
NO_DOCUMENT = "it demands a document, and no document in force answers it"
NO_RECORD_KIND = "it demands records, and no kind of record is named for it"
NO_RECORD = "no record of {item} was seen yet"
OLD_RECORD = "the last record of {item} was seen on {day}, which is too long ago"
NARROWER = "{clause}, which is answered, asks for less"
OVERLAPS = "{clause}, which is answered, overlaps with it only in part"
REST_OPEN = "it corresponds to several clauses, and {clause} of them is not answered"
CASE_OPEN = "the nonconformity {item} is open"
ALWAYS = "it is left out, but it always applies"
PLAN_LATE = "it was planned for {day} and is not done"

TEXTS = (
    DRAFT, OBSOLETE, NOT_YET, NO_DATE, NOT_OWNED, NOT_HELD, NOT_REVIEWED, MISSING, NOTHING, ONLY_PROOF, NO_DOCUMENT,
    NO_RECORD_KIND, NO_RECORD, OLD_RECORD, NARROWER, OVERLAPS, REST_OPEN, CASE_OPEN, ALWAYS, PLAN_LATE, *NAMES.values(), *STATES.values(), *HOWS.values(),
)  # fmt: skip
"""Everything this package says, for translation."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not (fully) covered: a text with {places}, and what stands in them.

    ``location`` is set where the reason holds at one location only.
    """

    says: str
    values: Mapping[str, str] = field(default_factory=dict, hash=False)
    location: str = ""

    def __str__(self) -> str:
        text = self.says.format_map(self.values)
        return f"{self.location}: {text}" if self.location else text

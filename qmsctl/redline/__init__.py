"""Two versions of an item to the changes between them, by meaning; and those in words, for people."""

from qmsctl.redline.change import Change, substantive
from qmsctl.redline.compare import compare
from qmsctl.redline.show import escaped, html, markdown, sentence, text

__all__ = ["Change", "compare", "escaped", "html", "markdown", "sentence", "substantive", "text"]

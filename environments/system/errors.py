"""`UserError`, the exception for a person's mistake, and helpers for its one sentence."""

import re
import unicodedata

MOST = 2000  # letters of a sentence: whatever a file held, it still can be read
_LONG_WORD = re.compile(r"\S{300,}")
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # control characters, halves of letters, ends of lines
_TURNING = (
    "LRE",
    "RLE",
    "LRO",
    "RLO",
    "PDF",
    "LRI",
    "RLI",
    "FSI",
    "PDI",
)  # what follows, backwards


class UserError(Exception):
    """A mistake in what a person gave us: a sentence saying what was wrong, where, and what to do.

    The command line prints it as it stands and exits with code 2; nobody else catches it.
    Raise it before anything is written, and leave mistakes in our own code to ordinary exceptions.

    The sentence may quote names that come out of files: it is made one line, of letters that every terminal
    can show and that steer none, and of a length that a person reads.
    """

    def __init__(self, sentence: object = "") -> None:
        super().__init__(_readable(str(sentence)))


def shortened(text: str, most: int = 60) -> str:
    """The text, or its beginning if it is longer than that."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _readable(text: str) -> str:
    text = _LONG_WORD.sub(lambda word: f"{word[0][:120]}...{word[0][-60:]}", text)
    if len(text) > MOST:
        text = f"{text[: MOST * 2 // 3]} ... {text[-MOST // 4 :]}"
    if text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode()
        if unicodedata.category(letter) in _UNSEEN or unicodedata.bidirectional(letter) in _TURNING
        else letter
        for letter in text
    )

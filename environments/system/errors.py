"""`UserError`, the exception for a person's mistake, and helpers for its one sentence."""

import re
import unicodedata
from collections.abc import Sequence

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


class UserErrors(UserError):
    """Several mistakes, told at once: `sentences`, and as text one a line.

    Args:
        mistakes: one at least.
    """

    def __init__(self, mistakes: Sequence[UserError]) -> None:
        told = dict.fromkeys(sentence for one in mistakes for sentence in sentences_of(one))
        self.sentences = tuple(told)
        super().__init__(self.sentences[0])

    def __str__(self) -> str:
        """The sentences, one a line."""
        return "\n".join(self.sentences)


def sentences_of(mistake: UserError) -> tuple[str, ...]:
    """The sentences of a mistake: one, or those of several."""
    return mistake.sentences if isinstance(mistake, UserErrors) else (str(mistake),)


def raise_all(mistakes: Sequence[UserError]) -> None:
    """Raise a single mistake as it is, several as one, and none not at all.

    Raises:
        UserError: there is one.
        UserErrors: there are several.
    """
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        raise UserErrors(mistakes)


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

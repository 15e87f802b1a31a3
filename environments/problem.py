"""What a person got wrong, in one sentence; in the lowest room, so that every room may raise it."""


class Problem(Exception):
    """A mistake in what a person gave us: a sentence saying what was wrong, where, and what to do.

    The command line prints it as it stands and exits with code 2; nobody else catches it.
    Raise it before anything is written, and leave mistakes in our own code to ordinary exceptions.
    """

"""What is printed stands there as it is: no bracket vanishes, no colon becomes a picture."""

import io

from rich.table import Table

from environments.terminal.consoles import plain_console

WORDS = "[least, most] of my_game:door:Door [/] [bold]"


def test_brackets_and_colons_are_printed_as_they_are():
    out = io.StringIO()
    console = plain_console(file=out, width=100)
    table = Table(WORDS, title=WORDS)
    table.add_row(WORDS)
    console.print(WORDS)
    console.print(table)
    assert out.getvalue().count(WORDS) == 4

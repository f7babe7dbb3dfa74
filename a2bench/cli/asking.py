"""Questions before something large or final is done."""

import click

from a2bench.errors import InputError


def ask_or_stop(question: str) -> None:
    """Ask on the terminal, and go on only after a yes.

    Raises:
        InputError: the answer is no, or nobody is there to answer.
    """
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as abort:
        if isinstance(abort.__context__, EOFError):  # nobody is there, as in a script; Ctrl-C stays what it is
            click.echo(err=True)
            raise InputError("nobody answered; say --yes to go on without being asked") from None
        raise
    if not agreed:
        raise InputError("nothing was done, as the answer was no")

"""Runs one command: its result becomes an exit code, and any error one sentence on stderr."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from enum import IntEnum

import click

from gapfill.cli.app import app
from gapfill.cli.context import CliContext
from gapfill.cli.signals import Terminated, said_of, terminable
from gapfill.errors import GapfillError, RequestError
from gapfill.reporting.failed_document import document

PROGRAM = "python -m gapfill"


class Exit(IntEnum):
    """What a command ends with besides its own 0, 1 and 3; from 128 on, a signal's number more."""

    ERROR = 1
    USAGE = 2
    INTERRUPTED = 128 + signal.SIGINT
    BROKEN_PIPE = 128 + 13
    TERMINATED = 128 + signal.SIGTERM


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Args:
        argv: Arguments without the program's name; those of this process where left out.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    cli = CliContext.of_process(is_debugging="--debug" in arguments)
    try:
        with terminable():
            code = _invoke(arguments, cli)
            cli.stdout.flush()  # so that a closed pipe or a full disk is noticed
    except BrokenPipeError:
        _drop_stdout()
        return Exit.BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as exc:  # noqa: BLE001 - the one boundary of a command
        return _explain(exc, cli)
    else:
        return code


def _invoke(arguments: list[str], cli: CliContext) -> int:
    """Let click read the arguments and call the command."""
    try:
        with app.make_context(PROGRAM, arguments, obj=cli) as context:
            return int(app.invoke(context) or 0)
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.exceptions.NoArgsIsHelpError as exc:
        click.echo(exc.format_message(), err=True)
        return Exit.USAGE


def _explain(exc: BaseException, cli: CliContext) -> int:
    """Say in one sentence what went wrong, and in the document where one is to be printed."""
    if cli.is_debugging:
        cli.err.print("".join(traceback.format_exception(exc)).rstrip(), soft_wrap=True)
    sentence, code = _said(exc)
    cli.complain(sentence)
    if cli.document_of and not isinstance(exc, click.ClickException):
        try:
            command, begun = cli.document_of, cli.has_begun
            cli.print_json(document(command, sentence, cli.moment, has_begun=begun))
            cli.stdout.flush()
        except OSError:
            _drop_stdout()
    return code


def _said(exc: BaseException) -> tuple[str, int]:
    """Return the sentence for what went wrong, and the exit code."""
    match exc:
        case KeyboardInterrupt():
            is_term = isinstance(exc, Terminated)
            return said_of(exc), Exit.TERMINATED if is_term else Exit.INTERRUPTED
        case click.ClickException():
            path = (
                exc.ctx.command_path if isinstance(exc, click.UsageError) and exc.ctx else PROGRAM
            )
            return f"{exc.format_message().rstrip('.')}; see {path} --help.", Exit.USAGE
        case RequestError():
            return str(exc), Exit.USAGE
        case GapfillError():
            return str(exc), Exit.ERROR
        case OSError():
            name = f"{exc.filename}: " if exc.filename else ""
            return f"{name}{exc.strerror or type(exc).__name__}.", Exit.ERROR
        case _:
            # Its text may contain a key, so only the type is printed.
            bug = f"Gapfill has a bug ({type(exc).__name__})"
            return f"{bug}; run it again with --debug to see where.", Exit.ERROR


def _drop_stdout() -> None:
    """Keep Python from writing to a closed pipe once more when it exits."""
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)

"""How every command ends: with the documented exit code, and one line where something is wrong."""

import os
import sys
from typing import Any, NoReturn

import typer
from typer import _click as click
from typer.core import TyperGroup

from omics_meta.terminal.exits import CommandError, ExitCode, SelectionError


class Commands(TyperGroup):
    """Ends every command with the documented exit code, and every error that has a cause with one line."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the options that come before the command."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.exceptions.UsageError as error:
            _fail(_usage(error))

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except typer.Exit:
            raise
        except SelectionError as error:
            _fail(str(error), error)
        except CommandError as error:
            _fail(str(error))
        except click.exceptions.UsageError as error:
            _fail(_usage(error))
        except KeyboardInterrupt as interrupt:
            remedy = str(interrupt) or "Run the same command again."
            typer.echo(f"omics-meta: interrupted. {remedy}", err=True)
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            raise  # whoever read the output wants no more of it, which Typer deals with
        except OSError as error:
            _let_go_of_stdout()
            _fail(f"cannot read or write: {error}")
        except Exception as error:
            from omics_meta.terminal.errors import explain, has_known_cause

            if not has_known_cause(error):
                raise
            _fail(explain(error), error)


def _usage(error: click.exceptions.UsageError) -> str:
    path = error.ctx.command_path if error.ctx else "omics-meta"
    return f"{error.format_message()} (see `{path} --help`)"


def _let_go_of_stdout() -> None:
    """Drop what stdout does not take, such as on a full disk: at its end, Python would try to write it again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, error: Exception | None = None) -> NoReturn:
    """End with one line: the message, and the notes that were added to the error, if that is about what they say."""
    said = "; ".join([message, *getattr(error, "__notes__", [])])
    typer.echo(f"omics-meta: error: {' '.join(said.split())}", err=True)
    raise typer.Exit(ExitCode.FAILED)

"""How every command ends: with the documented exit code, and one line where something is wrong."""

import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from omics_meta.terminal.exits import CommandError, ExitCode, OutputsError
from omics_meta.terminal.output import drop, print_note

_PROFILE: Final = "omics_meta.profile"
"""Where the context has the AWS profile that was given."""
_LAST_WORD: Final = "omics_meta.last_word"
"""Where it has the last word that was typed, before the one that is being completed."""


class _HonestHelp:
    """Has the help written as all other output is: variables such as GITHUB_ACTIONS make no terminal of a file.

    Python's types are kept out of it: of flags, which take no value, and of arguments, which have a name.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters."""
        mixed_into: Any = super()
        parameters: list[Any] = mixed_into.get_params(ctx)
        for each in parameters:
            if getattr(each, "is_flag", False):  # the flag of the help itself is one
                each.metavar = ""
            elif each.param_type_name == "argument":
                each.display_type = lambda _: ""  # pyright: ignore[reportUnknownLambdaType]
        return parameters

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        from typer import rich_utils

        from omics_meta.terminal.rich_console import console_of

        rich_utils.FORCE_TERMINAL = console_of(sys.stdout).is_terminal
        try:
            super().format_help(ctx, formatter)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] # of what it is mixed into
        except SystemExit:  # Rich's, where nobody reads the help any more
            raise typer.Exit from None


class Command(_HonestHelp, TyperCommand):
    """A command whose errors about a stack or a table name the variables that stood for options.

    What was not typed is overlooked.

    Attributes:
        shared: Options that it has in common with other commands, before and after its own. Its function is not given
            their values, and reads them from the context.
    """

    shared: ClassVar[tuple[Sequence[Any], Sequence[Any]]] = ((), ())

    def __init__(self, *, params: list[Any], **given: Any) -> None:
        first, last = self.shared
        # What is required comes first, as among the parameters of a function.
        super().__init__(params=sorted([*first, *params, *last], key=lambda each: not each.required), **given)
        # The lines of a paragraph end where the terminal does.
        self.help = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(self.help or ""))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; say how a value is given that belongs to no option."""
        ctx.allow_extra_args = True
        ctx.meta[_LAST_WORD] = args[-1] if args else ""
        self._refuse_twice(ctx, args)
        left = super().parse_args(ctx, args)
        if left and not ctx.resilient_parsing:
            likely = "--file" if "://" in left[0] else "--tag" if "=" in left[0] else "--sample"
            known = any(likely in option.opts for option in self.params)
            example = f", such as {likely} {left[0]}" if known else ""
            ctx.fail(f"{left[0]!r} belongs to no option: give it after the name of one{example}")
        return left

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Complete a word that begins with `-`: the name of an option, or the value of the option before it."""
        values = (each for each in self.params if isinstance(each, TyperOption) and not each.is_flag)
        option = next((each for each in values if ctx.meta[_LAST_WORD] in each.opts), None)
        return option.shell_complete(ctx, incomplete) if option else super().shell_complete(ctx, incomplete)

    def _refuse_twice(self, ctx: Any, args: list[str]) -> None:
        """Refuse several values of an option that takes one: the last would count, and the others be dropped."""
        options = [each for each in self.params if isinstance(each, TyperOption)]
        single = [each for each in options if not (each.is_flag or each.multiple)]
        parser = self.make_parser(ctx)
        for option in single:
            parser.add_option(option, option.opts, option.name, action="append")
        given, _, _ = parser.parse_args(list(args))
        for option in single:
            values = [*dict.fromkeys(given.get(option.name, []))]
            if len(values) > 1 and not ctx.resilient_parsing:
                ctx.fail(f"{option.opts[-1]} is given as {' and as '.join(map(repr, values))}: give one of them")

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        profile = ctx.params.get("profile")
        ctx.meta[_PROFILE] = profile if isinstance(profile, str) else next(iter(profile or ()), None)
        shared = {option.name for options in self.shared for option in options}
        try:
            return ctx.invoke(self.callback, **{name: ctx.params[name] for name in ctx.params.keys() - shared})
        except Exception as error:
            from readset_sync.model.errors import TableError

            for option in self.params if isinstance(error, OutputsError | TableError) else ():
                if is_from(ctx, option.name, "ENVIRONMENT") and ctx.params[option.name] is not None:
                    error.add_note(f"{option.envvar} is set to {os.environ[str(option.envvar)]}")
            raise


def sharing(*first: Sequence[Any], last: Sequence[Any] = ()) -> type[Command]:
    """Return the class of commands that share these options with others."""

    class Sharing(Command):
        shared = ([option for options in first for option in options], last)

    return Sharing


def options_of(declaration: Callable[..., None]) -> Sequence[Any]:
    """Return the options that the parameters of a function declare, for commands to share."""
    app = typer.Typer(add_completion=False)
    app.command()(declaration)
    return get_command(app).params


def typed(context: Any, options: Sequence[Any]) -> list[str]:
    """Return the words of options with values that were typed on the command line, for a command that has them too."""
    words: list[str] = []
    for option in options:
        if is_from(context, option.name, "COMMANDLINE"):
            value = context.params[option.name]
            values: list[Any] = [*value] if option.multiple else [value]
            words += [word for each in values for word in (max(option.opts, key=len), str(each))]
    return words


class Commands(_HonestHelp, TyperGroup):
    """Ends every command with the documented exit code, and every error that has a cause with one line."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the options that come before the command."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except typer.TyperException as error:
            _fail(_usage(error))
        except OSError as error:  # of stdout, to which --version writes
            _explain(error, None)
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            try:
                code = super().invoke(ctx)
            except typer.Exit as end:
                code = end.exit_code
            sys.stdout.flush()
        except CommandError as error:
            _fail(str(error), error)
        except typer.TyperException as error:
            _fail(_usage(error))
        except KeyboardInterrupt:
            print_note("interrupted. Run the same command again.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read the rows wants no more of them. By itself, Typer ends with the exit code of drift.
            _let_go_of_stdout()
            raise typer.Exit from None
        except Exception as error:
            _explain(error, ctx.meta.get(_PROFILE))
            raise
        raise typer.Exit(code)


def is_from(context: Any, name: str, source: str) -> bool:
    """Whether the value of a parameter comes from a source: `COMMANDLINE`, `ENVIRONMENT` or `DEFAULT`."""
    found = context.get_parameter_source(name)
    return found is not None and found.name == source


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)  # errors of usage have it
    path = context.command_path if context else "omics-meta"
    said = _refusal(error) if error.__cause__ else error.format_message()
    return f"{said} (see `{path} --help`)"


def _refusal(error: Any) -> str:
    """Say what is wrong with the value of an option, which is a number or one of some words."""
    [refused] = error.__cause__.errors()
    choices = error.param.type_descriptor.choices
    limits = (
        f"of at least {error.param.min}" if error.param.max is None else f"from {error.param.min} to {error.param.max}"
    )
    wanted = f"one of {', '.join(choices)}" if choices else f"a whole number {limits}"
    return f"{error.param.opts[-1]} {refused['input']!r} is not possible: give {wanted}"


def _explain(error: Exception, profile: str | None) -> None:
    """End with one line for what comes from AWS, the network, the user's data or the machine."""
    from readset_sync.model.errors import EXPECTED_ERRORS

    from omics_meta.terminal.errors import explain

    if isinstance(error, EXPECTED_ERRORS):  # some of botocore's errors are OSErrors too
        _fail(explain(error, profile), error)
    if isinstance(error, EOFError):
        _fail("a question, such as for the code of an MFA device, and nobody to answer it: run this on a terminal")
    if isinstance(error, OSError):
        _let_go_of_stdout()
        _fail(f"cannot read or write: {error}", error)


def _let_go_of_stdout() -> None:
    """Drop what stdout does not take, such as on a full disk: at its end, Python would try to write it again."""
    try:
        sys.stdout.flush()
    except OSError:
        drop(sys.stdout)


def _fail(message: str, error: Exception | None = None) -> NoReturn:
    """End with one line: the message, and each note that was added to the error as a sentence of its own."""
    said = ". ".join([message, *getattr(error, "__notes__", [])])
    print_note(f"error: {' '.join(said.split())}")
    raise typer.Exit(ExitCode.FAILED)

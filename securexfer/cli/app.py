"""The command line: all commands, and what happens when one fails."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
from collections.abc import Sequence

import click

from securexfer.cli.breach import breach_report
from securexfer.cli.bundle import inspect, release_password, unpack, verify
from securexfer.cli.certificate import certificate
from securexfer.cli.completion import VARIABLE, complete, completion
from securexfer.cli.console import Console, Settings, silence
from securexfer.cli.contact import contact
from securexfer.cli.demo import demo
from securexfer.cli.destroy import destroy
from securexfer.cli.doctor import doctor
from securexfer.cli.drill import drill
from securexfer.cli.drive import drive
from securexfer.cli.extend import extend, extension
from securexfer.cli.forward import forward
from securexfer.cli.identity import identity
from securexfer.cli.options import SecurexferGroup, settings_of
from securexfer.cli.outbox import outbox
from securexfer.cli.pack import pack
from securexfer.cli.receipt import receipt
from securexfer.cli.recipe import recipe
from securexfer.cli.register import register
from securexfer.cli.reidentify import reidentify
from securexfer.cli.report import report
from securexfer.cli.scope_key import scope_key
from securexfer.cli.stopping import catch_stops, ignore_stops, stop_was_asked
from securexfer.cli.streams import guard_streams
from securexfer.errors import InternalError, OutputError, SecurexferError, StoppedError, UsageError
from securexfer.privacy.heap import share_polars_heap
from securexfer.privacy.threads import count_cores, thread_settings

_PR_SET_DUMPABLE = 4
# After so many new objects Python looks for some that refer to each other alone. Loading makes a
# hundred thousand, and with Python's own number of 700 it looks for 40 ms.
_GARBAGE = 50_000


@click.group(
    cls=SecurexferGroup,
    is_root=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: securexfer demo",
)
@click.version_option(package_name="securexfer", prog_name="securexfer")
def root() -> None:
    """Hand data over without handing people over.

    Minimise an extract to what the recipient needs, pseudonymise, encrypt to their key, sign,
    record. What leaves on a drive is never plaintext.
    """


for _command in (
    demo,
    identity,
    contact,
    recipe,
    pack,
    inspect,
    verify,
    unpack,
    forward,
    release_password,
    receipt,
    extend,
    extension,
    destroy,
    certificate,
    register,
    outbox,
    reidentify,
    report,
    scope_key,
    breach_report,
    drive,
    drill,
    doctor,
    completion,
):
    root.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code and never raises."""
    settings = Settings(json="--json" in arguments)
    code = _end(_run(arguments, settings), settings)
    _end_log(settings, code)
    return code


def _end(code: int, settings: Settings) -> int:
    """Flush what was printed. A result that can't be printed is told of."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            silence(stream)  # whoever read it has gone, and nobody is there to tell
        except (OSError, ValueError) as error:
            silence(stream)
            if stream is sys.stdout:
                settings.output_failure = getattr(error, "strerror", None) or "closed"
    if settings.output_failure and code == 0:
        settings.json = False
        return _fail(
            OutputError(
                f"The command did its work, but its result can't be printed: "
                f"{settings.output_failure}.",
                hint="What it did is in the register: securexfer register list",
            ),
            settings,
        )
    return code


def main() -> None:
    """The console script."""
    try:
        _harden()
        _set_up()
        catch_stops()
        code = complete(root) if os.environ.get(VARIABLE) else run(sys.argv[1:])
        # All is said and done, and while Python ends a signal would make it look like a failure.
        ignore_stops()
    except KeyboardInterrupt:
        code = StoppedError.exit_code
    if code == StoppedError.exit_code:
        # Python ends itself with SIGINT, whatever code it is given, where the interrupt has passed
        # through an exec() on its way up, as those of modules being loaded do.
        os._exit(code)
    sys.exit(code)


def _run(arguments: Sequence[str], settings: Settings) -> int:
    try:
        with root.make_context("securexfer", list(arguments)) as context:
            context.meta["securexfer.settings"] = _merge(settings, settings_of(context))
            root.invoke(context)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        if not settings.json:
            Console(settings).say(error.format_message())
            return UsageError.exit_code
        return _fail(UsageError("A command is missing."), settings)
    except click.ClickException as error:
        command = getattr(getattr(error, "ctx", None), "command_path", "securexfer")
        return _fail(UsageError(error.format_message(), hint=f"See: {command} --help"), settings)
    except SecurexferError as error:
        return _fail(error, settings)
    except (KeyboardInterrupt, click.Abort):
        return _fail(_stopped(), settings)
    except BrokenPipeError:
        return 0  # while click printed --help or --version; commands print through Console
    except OSError as error:
        why = error.strerror or "unknown reason"
        return _fail(OutputError(f"The output can't be written: {why}."), settings)
    except MemoryError:
        return _fail(
            InternalError(
                "There is not enough memory.",
                hint="Close other programs, or raise the limit, and run the command again.",
            ),
            settings,
        )
    except BaseException as error:
        # A library that is interrupted half-way may make an error of its own of it.
        if stop_was_asked():
            return _fail(_stopped(), settings)
        # A panic of polars is no Exception. The text may quote data, so only the kind and the
        # place of the failure are shown.
        return _fail(InternalError(f"Unexpected {_place(error)}."), settings)
    return 0


def _merge(outer: Settings, parsed: Settings) -> Settings:
    """One object for the whole run, so that what happens to the output is known at its end."""
    outer.home, outer.quiet = parsed.home, parsed.quiet
    outer.verbose, outer.no_input = parsed.verbose, parsed.no_input
    outer.log_file = parsed.log_file
    return outer


def _stopped() -> StoppedError:
    return StoppedError("Stopped before it was finished.")


def _fail(error: SecurexferError, settings: Settings) -> int:
    console = Console(settings)
    console.log(
        "failed", "error", code=error.code, message=error.message, n_problems=len(error.problems)
    )
    console.error(error)
    return error.exit_code


def _end_log(settings: Settings, code: int) -> None:
    """The last line of the log, and a word about one that was lost: it changes no outcome."""
    if settings.log is None:
        return
    settings.log.write("ended", "info" if code == 0 else "error", exit_code=code)
    settings.log.close()
    if settings.log.failure:
        Console(settings).say(f"Note: The log is not complete: {settings.log.failure}.")


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = ""
    if trace is not None:
        file = os.path.basename(trace.tb_frame.f_code.co_filename)  # noqa: PTH119
        where = f" at {file}:{trace.tb_lineno}"
    return f"{type(error).__name__}{where}"


def _harden() -> None:
    """Memory that isn't dumped, and streams that only this program writes to."""
    guard_streams()
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # Beyond the limit, which root may ignore: no core, and no other process of this user's
        # may look into the memory where keys and cells are.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _set_up() -> None:
    """Settings that libraries read as they are loaded."""
    gc.set_threshold(_GARBAGE)
    share_polars_heap(os.environ)  # where Polars looks before it sets its own
    for name, value in thread_settings(os.environ, count_cores()).items():
        os.putenv(name, value)  # where programs that are started with a copy don't see it

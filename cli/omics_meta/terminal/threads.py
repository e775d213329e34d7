"""Calls side by side, for none of which a command waits at its end."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def begin(call: Callable[_Given, _Result], *args: _Given.args, **kwargs: _Given.kwargs) -> Future[_Result]:
    """Begin a call in a thread of its own, and return its result to come.

    A call to AWS can hang for minutes. Whoever wants no more of it, such as after Ctrl-C, leaves it alone. A
    `ThreadPoolExecutor` would wait for it at the end of its block, and Python at that of the process.
    """
    future = Future[_Result]()

    def run() -> None:
        try:
            future.set_result(call(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is taken
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future

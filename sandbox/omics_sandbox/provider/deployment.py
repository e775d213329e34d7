"""Deploy a Pulumi program into a local AWS without the Pulumi CLI."""

import asyncio
import contextvars
import logging
import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from pulumi.runtime import Settings, configure, reset_options, run_in_stack, set_all_config

from omics_sandbox.provider.aws import Aws, check_settings
from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.monitor import Deployment, Diagnostics, Monitor
from omics_sandbox.provider.project import Project

_LOGGER: Final = logging.getLogger(__name__)
_PARALLEL: Final = 16


class DeploymentError(Exception):
    """The program or one of its resources failed, with the message that a person at `pulumi up` would read."""


def deploy(
    program: Path | Callable[[], object],
    *,
    stack: str = "local",
    config: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Deployment:
    """Run a Pulumi program with Pulumi's own Python runtime and really create its resources.

    Every deployment starts from nothing: there is no state, so a name that is taken is taken.

    Args:
        program: The folder of a project with its `Pulumi.yaml`, whose program is run as `pulumi up` would run it
            (working directory, import path, declared configuration, `Pulumi.<stack>.yaml`), or a function that
            registers resources and calls `pulumi.export`.
        stack: Name of the stack.
        config: Configuration, over that of `Pulumi.<stack>.yaml`. Keys without a namespace are the project's own.
        environment: The `AWS_*` variables that say where and as whom to create resources. Those of this process
            if not given.

    Raises:
        DeploymentError: The program or a resource failed, or the configuration is wrong.
    """
    deployment = Deployment()
    try:
        home = Project.load(program.absolute()) if isinstance(program, Path) else Project("local", Path.cwd(), program)
        settings = home.resolve_config({**home.stack_config(stack), **(config or {})})
        aws = _default_provider(os.environ if environment is None else environment, settings)
        monitor = Monitor(aws, home.name, stack, home.folder, deployment)
        with home.surroundings():
            # The runtime keeps its settings in context variables: a context of its own keeps runs apart.
            contextvars.copy_context().run(run_program, home, stack, settings, monitor, Diagnostics(deployment))
    except Exception as error:
        raise DeploymentError(str(error)) from error
    if deployment.errors:  # as the engine does when a program logs an error (`pulumi.log.error`) and goes on
        raise DeploymentError("; ".join(deployment.errors))
    return deployment


def _default_provider(environment: Mapping[str, str], config: Mapping[str, str]) -> Aws:
    inputs = {key.removeprefix("aws:"): value for key, value in config.items() if key.startswith("aws:")}
    if failures := check_settings(inputs):
        raise ProviderError("; ".join(failure.reason for failure in failures))
    aws = Aws(environment, inputs)
    aws.require_credentials()
    return aws


def run_program(
    project: Project,
    stack: str,
    config: Mapping[str, str],
    monitor: Monitor,
    diagnostics: Diagnostics,
    *,
    preview: bool = False,
) -> None:
    """Run a program with Pulumi's Python runtime, which talks to the monitor and to the diagnostics."""
    reset_options()
    settings = Settings(
        project.name,
        stack,
        monitor=monitor,
        engine=diagnostics,
        parallel=_PARALLEL,
        dry_run=preview,
        organization="organization",
        root_directory=str(project.folder),
    )
    configure(settings)
    set_all_config(dict(config))
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(_PARALLEL))
    # The runtime raises the first failure, and leaves all futures that depend on it behind with the same one.
    loop.set_exception_handler(lambda _, details: _LOGGER.debug("%s", details.get("message")))
    try:
        loop.run_until_complete(run_in_stack(project.run))
    finally:
        loop.run_until_complete(_cancel(asyncio.all_tasks(loop)))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

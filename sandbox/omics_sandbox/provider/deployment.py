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

from omics_sandbox.provider.aws import Aws, ProviderSettings, check_settings
from omics_sandbox.provider.catalogue import resource_type
from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.monitor import DeployedResource, Diagnostics, Monitor, Registry
from omics_sandbox.provider.project import Project

_LOGGER: Final = logging.getLogger(__name__)
_PARALLEL: Final = 16


class Deployment:
    """A program that has been deployed.

    Attributes:
        outputs: The outputs of the stack, by name, as `pulumi stack output --json` gives them.
    """

    def __init__(self, registry: Registry, root: Path) -> None:
        self.outputs: dict[str, Any] = registry.outputs
        self._resources = registry.resources
        self._root = root

    @property
    def resources(self) -> list[DeployedResource]:
        """What is deployed now, in the order of creation."""
        return list(self._resources)

    def destroy(self) -> None:
        """Delete the resources, those that depend on others first. What is to be retained stays in AWS.

        Raises:
            ProviderError: AWS refused to delete one. What was not deleted can be destroyed by another call.
        """
        # A resource is created after all that it depends on, so the reverse of that order is safe.
        while self._resources:
            resource = self._resources[-1]
            if not resource.retain:
                implementation = resource_type(resource.token)(resource.aws, self._root)
                implementation.delete(resource.resource_id, resource.state)
            self._resources.pop()


class DeploymentError(Exception):
    """The program or one of its resources failed, with the message that a person at `pulumi up` would read.

    Attributes:
        deployment: What was created before, for the caller to look at or to destroy.
    """

    def __init__(self, message: str, deployment: Deployment) -> None:
        super().__init__(message)
        self.deployment = deployment


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
    registry = Registry()
    home = Project("", Path.cwd(), lambda: None)
    try:
        home = Project.load(program.absolute()) if isinstance(program, Path) else Project("local", home.folder, program)
        settings = home.resolve_config({**home.stack_config(stack), **(config or {})})
        aws = _default_provider(os.environ if environment is None else environment, settings)
        monitor = Monitor(aws, home.name, stack, home.folder, registry)
        with home.surroundings():
            # The runtime keeps its settings in context variables: a context of its own keeps runs apart.
            contextvars.copy_context().run(_run_program, home, stack, settings, monitor, Diagnostics(registry))
        registry.refuse_errors()
    except Exception as error:
        raise DeploymentError(str(error), Deployment(registry, home.folder)) from error
    return Deployment(registry, home.folder)


def _default_provider(environment: Mapping[str, str], config: Mapping[str, str]) -> Aws:
    inputs = {key.removeprefix("aws:"): value for key, value in config.items() if key.startswith("aws:")}
    if failures := check_settings(inputs):
        raise ProviderError("; ".join(failure.reason for failure in failures))
    aws = Aws(environment, ProviderSettings.from_inputs(inputs))
    aws.require_credentials()
    return aws


def _run_program(
    project: Project, stack: str, config: Mapping[str, str], monitor: Monitor, diagnostics: Diagnostics
) -> None:
    reset_options()
    settings = Settings(
        project.name,
        stack,
        monitor=monitor,
        engine=diagnostics,
        parallel=_PARALLEL,
        dry_run=False,
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
        # What is being created when the program fails is finished and recorded, or it could never be destroyed.
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

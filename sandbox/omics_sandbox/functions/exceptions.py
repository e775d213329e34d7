"""Errors of the Lambda API."""


class LambdaError(Exception):
    """An error that the API answers with. `code` is the exception's name in the API."""

    code = "ServiceException"
    status = 500


class InvalidParameterValueException(LambdaError):  # noqa: N818 - named as in the API
    """A parameter contradicts the resources it names, or is out of range."""

    code = "InvalidParameterValueException"
    status = 400


class ResourceNotFoundException(LambdaError):  # noqa: N818 - named as in the API
    """There is no such function or event source mapping."""

    code = "ResourceNotFoundException"
    status = 404


class ResourceConflictException(LambdaError):  # noqa: N818 - named as in the API
    """The resource exists already."""

    code = "ResourceConflictException"
    status = 409


class RecursiveInvocationException(LambdaError):  # noqa: N818 - named as in the API
    """The function keeps invoking itself."""

    code = "RecursiveInvocationException"
    status = 400


class TooManyRequestsException(LambdaError):  # noqa: N818 - named as in the API
    """The function runs as often at the same time as it may."""

    code = "TooManyRequestsException"
    status = 429

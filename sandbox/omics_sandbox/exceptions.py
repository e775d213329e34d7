"""The errors that the APIs of the sandbox's services answer with.

HTTP status codes as in the services' API models (`botocore/data`).
"""

# ruff: noqa: N818 (named as in the APIs)


class ServiceError(Exception):
    """An error that an API answers with.

    Attributes:
        code: The exception's name in the API: the class's own, unless it says otherwise.
        status: The HTTP status code.
    """

    code: str
    status: int

    def __init_subclass__(cls, *, status: int, code: str = "") -> None:
        super().__init_subclass__()
        cls.code, cls.status = code or cls.__name__, status


class AccessDeniedException(ServiceError, status=400):
    """The request was denied for want of a permission."""


class ConflictException(ServiceError, status=409):
    """The request cannot be applied to the target resource in its current state."""


class InvalidParameterException(ServiceError, status=400):
    """A parameter is malformed, out of range, or contradicts another."""


class InvalidParameterValueException(ServiceError, status=400):
    """A parameter contradicts the resources it names, or is out of range."""


class RecursiveInvocationException(ServiceError, status=400):
    """The function keeps invoking itself."""


class ResourceConflictException(ServiceError, status=409):
    """The resource exists already."""


class ResourceNotFoundException(ServiceError, status=404):
    """There is no such resource."""


class SerializationException(ServiceError, status=400):
    """The body of the request is none that its protocol knows."""


class ThrottledException(ServiceError, status=400):
    """The request was denied because of its rate."""


class ThrottlingException(ServiceError, status=429):
    """The request was denied because of its rate."""


class ValidationException(ServiceError, status=400):
    """The input does not satisfy the constraints of the operation."""

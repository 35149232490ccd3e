"""What a call is refused with: an error code of the service, its HTTP status and a message."""


class ServiceError(Exception):
    """A refusal. The message never holds a value of a sensitive member."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def validation(message: str) -> ServiceError:
    return ServiceError("ValidationException", message, 400)


def quota(message: str) -> ServiceError:
    return ServiceError("ServiceQuotaExceededException", message, 402)


def not_found(message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message, 404)


def conflict(message: str) -> ServiceError:
    return ServiceError("ConflictException", message, 409)

"""What Exchange Online refuses, in the envelope that its admin API answers.

`error.message` is generic; the text that helps is in `innererror.internalexception` and, with a
prefix `Code|Type|`, in `details`. A value that cannot be converted has no `details` (as captured
from the service).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_ODATA = "Microsoft.Exchange.Admin.OData.Core.ODataServiceException"
_TASKS = "Microsoft.Exchange.Configuration.Tasks"
_BINDING = "Microsoft.Exchange.AdminApi.CommandInvocation"


class CmdletError(Exception):
    """A cmdlet that ended in an error. kind: the .NET type; code: the hexadecimal prefix."""

    def __init__(
        self,
        kind: str,
        text: str,
        *,
        code: str = "",
        message: str = "Error executing cmdlet",
        detailed: bool = True,
    ) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.code = code
        self.message = message
        self.detailed = detailed

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer, whose status is 400."""
        error: dict[str, Any] = {"code": "BadRequest", "message": self.message}
        if self.detailed:
            text = f"{self.code}|{self.kind}|{self.text}"
            error["details"] = [{"code": "Client", "target": "", "message": text}]
        error["innererror"] = {
            "message": self.message,
            "type": _ODATA,
            "stacktrace": "",
            "internalexception": {"message": self.text, "type": self.kind, "stacktrace": ""},
        }
        error["adminapi.warnings@odata.type"] = "#Collection(String)"
        error["@adminapi.warnings"] = []
        return {"error": error}


def not_found(identity: str) -> CmdletError:
    return CmdletError(
        f"{_TASKS}.ManagementObjectNotFoundException",
        f"The operation couldn't be performed because object '{identity}' couldn't be found on "
        "'DB8PR08A01DC001.EURPR08A001.PROD.OUTLOOK.COM'.",
        code="Ex6F9304",
    )


def already_exists(name: str) -> CmdletError:
    return CmdletError(
        "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException",
        f'Active Directory operation failed. The object "{name}" already exists.',
        code="Ex6E2BC2",
    )


def dehydrated() -> CmdletError:
    return CmdletError(
        f"{_TASKS}.InvalidOperationInDehydratedContextException",
        "The command you tried to run isn't currently allowed in your organization. To run this "
        "command, you first need to run the command: Enable-OrganizationCustomization.",
        code="Ex9FFB62",
    )


def invalid_operation(text: str) -> CmdletError:
    """A request that is well formed and that the service does not carry out."""
    return CmdletError("System.InvalidOperationException", text, code="Ex5D4A17")


def invalid_value(text: str) -> CmdletError:
    """Values that are valid each and not together, or too many."""
    return CmdletError("Microsoft.Exchange.Data.DataValidationException", text, code="ExB6BB3F")


def unknown_parameters(names: Sequence[str]) -> CmdletError:
    return CmdletError(
        f"{_BINDING}.AmbiguousParameterSetException",
        "Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet "
        f"parameters specified. {', '.join(names)}",
        message="Invalid Operation",
    )


def missing_parameters(names: Sequence[str]) -> CmdletError:
    return CmdletError(
        f"{_BINDING}.ParameterBindingException",
        "Cannot process command because of one or more missing mandatory parameters: "
        f"{' '.join(names)}.",
        message="Invalid Operation",
    )


def cannot_convert(parameter: str, value: object, kind: str, reason: str) -> CmdletError:
    return CmdletError(
        f"{_BINDING}.ParameterTransformationException",
        f"Cannot process argument transformation on parameter '{parameter}'. Cannot convert value "
        f'"{value}" to type "{kind}". Error: "{reason}"',
        message="Invalid Operation",
        detailed=False,
    )

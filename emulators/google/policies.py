"""Cloud Identity Policy API v1: policies.list and policies.get.

The filter is the documented part of CEL: setting.type.matches('RE2'), customer == "customers/ID",
joined by && and ||, with parentheses. Anything else is INVALID_ARGUMENT. Only the super
administrator may read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from emulators.google.errors import ApiError
from emulators.google.paging import page
from emulators.google.tenant import Tenant
from emulators.google.tokens import Grant

Predicate = Callable[[str], bool]
_ORG_UNIT = "orgUnits/03ph8a2z1example"
_TOKEN = re.compile(
    r"\s*(?:(?P<matches>setting\.type\.matches)|(?P<customer>customer)|(?P<op>&&|\|\||==|[()])"
    r"|(?P<quote>['\"])(?P<text>(?:(?!(?P=quote))[^\\]|\\.)*)(?P=quote))"
)
_ESCAPES = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "t": "\t", "r": "\r", "`": "`", "?": "?"}


def list_policies(tenant: Tenant, grant: Grant, arguments: Mapping[str, object]) -> dict:
    """cloudidentity.policies.list."""
    _require_admin(tenant, grant)
    holds = _Filter(str(arguments.get("filter", "")), tenant.customer).parse()
    found = [
        _resource(tenant, index, kind, value)
        for index, (kind, value) in enumerate(tenant.policies())
        if holds(kind)
    ]
    size = int(str(arguments.get("pageSize", 0))) or 50
    if size < 0:
        raise ApiError(400, "Request contains an invalid argument: page_size is negative.")
    items, token = page(found, min(size, 100), arguments)
    answer: dict[str, object] = {}
    if items:
        answer["policies"] = list(items)
    if token:
        answer["nextPageToken"] = token
    return answer


def get_policy(tenant: Tenant, grant: Grant, arguments: Mapping[str, object]) -> dict:
    """cloudidentity.policies.get."""
    _require_admin(tenant, grant)
    for index, (kind, value) in enumerate(tenant.policies()):
        resource = _resource(tenant, index, kind, value)
        if resource["name"] == f"policies/{arguments['policiesId']}":
            return resource
    raise ApiError(404, "Requested entity was not found.")


def _require_admin(tenant: Tenant, grant: Grant) -> None:
    if grant.subject != tenant.admin:
        raise ApiError(403, "The caller does not have permission")


def _resource(
    tenant: Tenant, index: int, kind: str, value: Mapping[str, object]
) -> dict[str, object]:
    return {
        "name": f"policies/ahexample{index:04d}",
        "customer": f"customers/{tenant.customer}",
        "policyQuery": {
            "orgUnit": _ORG_UNIT,
            "query": "entity.org_units.exists(org_unit, org_unit.org_unit_id == "
            f"orgUnitId('{_ORG_UNIT.partition('/')[2]}'))",
            "sortOrder": 1,
        },
        "setting": {"type": kind, "value": dict(value)},
        "type": "ADMIN",
    }


class _Filter:
    """Recursive descent over: or = and {"||" and}; and = term {"&&" term}; term = clause | (or)."""

    def __init__(self, text: str, customer: str) -> None:
        self._text, self._customer = text, customer
        self._tokens = self._scan(text)
        self._at = 0

    def parse(self) -> Predicate:
        if not self._tokens:
            return lambda _kind: True
        holds = self._any()
        if self._at != len(self._tokens):
            raise self._invalid()
        return holds

    def _any(self) -> Predicate:
        terms = [self._all()]
        while self._take("||"):
            terms.append(self._all())
        return lambda kind: any(holds(kind) for holds in terms)

    def _all(self) -> Predicate:
        terms = [self._term()]
        while self._take("&&"):
            terms.append(self._term())
        return lambda kind: all(holds(kind) for holds in terms)

    def _term(self) -> Predicate:
        if self._take("("):
            inner = self._any()
            self._expect(")")
            return inner
        if self._take("matches"):
            self._expect("(")
            source = self._string()
            self._expect(")")
            try:
                pattern = re.compile(source)
            except re.error:
                raise self._invalid() from None
            return lambda kind: pattern.search(kind) is not None
        self._expect("customer")
        self._expect("==")
        wanted = self._string()
        same = wanted in (f"customers/{self._customer}", "customers/my_customer")
        return lambda _kind: same

    def _string(self) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != "text":
            raise self._invalid()
        self._at += 1
        return re.sub(r"\\(.)", self._unescape, self._tokens[self._at - 1][1])

    def _unescape(self, found: re.Match[str]) -> str:
        # CEL has no escape \. : a pattern's backslash must be written twice.
        if found[1] not in _ESCAPES:
            raise self._invalid()
        return _ESCAPES[found[1]]

    def _take(self, word: str) -> bool:
        here = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if word in (here[0], here[1] if here[0] == "op" else ""):
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._invalid()

    def _scan(self, text: str) -> list[tuple[str, str]]:
        tokens, at, end = [], 0, len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._invalid()
            kind = next(k for k in ("matches", "customer", "op", "text") if found[k] is not None)
            tokens.append((kind, found[kind]))
            at = found.end()
        return tokens

    def _invalid(self) -> ApiError:
        return ApiError(400, f"Request contains an invalid argument: filter {self._text!r}")

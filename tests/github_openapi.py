"""GitHub's published description of its API, as the loopback GitHub uses it: to check what goes in and out, and to fill in."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT4

Json = Any

_FILE = Path(__file__).parent / "fixtures" / "github-openapi.json.gz"
_ROOT = "urn:github"
_SLASHES = frozenset({"ref", "basehead"})  # path parameters that may hold slashes
_GAPS = ("head/repo: None is not of type 'object'",)  # a fork that is gone: GitHub says null and does not describe it
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time")
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value))


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(re.match(r"[a-z]+:", value))


@dataclass(frozen=True)
class Operation:
    """One method of one path. `template` is as GitHub writes it: "/repos/{owner}/{repo}"."""

    method: str
    template: str
    spec: Mapping[str, Json]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{(\w+)\}", lambda m: f"(?P<{m[1]}>{'.+' if m[1] in _SLASHES else '[^/]+'})", self.template))

    def match(self, path: str) -> dict[str, str] | None:
        """The path's parameters, unquoted, where it is this operation's."""
        found = self.pattern.fullmatch(path)
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


class Description:
    """The part of the description that `tools/github_openapi.py` kept."""

    def __init__(self) -> None:
        self._document = json.loads(gzip.decompress(_FILE.read_bytes()))
        resource = DRAFT4.create_resource(_draft4(self._document))
        self._registry: Registry[Json] = Registry().with_resource(_ROOT, resource)
        paths = self._document["paths"].items()
        self.operations = [Operation(method.upper(), path, spec) for path, methods in paths for method, spec in methods.items()]
        self._validators: dict[str, Draft4Validator] = {}

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation that answers, with its path parameters."""
        for operation in sorted(self.operations, key=lambda operation: -len(operation.template)):
            if operation.method == method and (found := operation.match(path)) is not None:
                return operation, found
        return None

    def request_problems(self, operation: Operation, query: Mapping[str, str], body: Json) -> Iterator[str]:
        """What a request has that GitHub does not know: its query, and its body where it takes one."""
        known = {part["name"]: part["schema"] for part in map(self._resolved, operation.spec.get("parameters", ()))}
        for name, value in query.items():
            if name not in known:
                yield f"?{name}= is no parameter of {operation.template}"
            elif value not in known[name].get("enum", [value]):
                yield f"?{name}={value}: not one of {known[name]['enum']}"
        if "requestBody" not in operation.spec:
            return
        schema = operation.spec["requestBody"]["content"]["application/json"]["schema"]
        yield from self._problems(("paths", operation.template, operation.method.lower(), "requestBody", "content", "application/json", "schema"), body)
        for name in set(body or {}) - set(schema.get("properties", body or {})):
            yield f"{name!r} is no part of the body"

    def response_problems(self, operation: Operation, status: int, body: Json) -> Iterator[str]:
        """Where a response differs from what GitHub says that it answers; statuses that it does not list pass."""
        spec = operation.spec["responses"].get(str(status))
        if spec is None:
            return
        if "$ref" in spec:
            *_, kind, name = spec["$ref"].split("/")
            where: tuple[str, ...] = ("components", kind, name)
            spec = self._document["components"][kind][name]
        else:
            where = ("paths", operation.template, operation.method.lower(), "responses", str(status))
        if "application/json" in spec.get("content", {}):
            yield from self._problems((*where, "content", "application/json", "schema"), body)

    def complete(self, schema: str, given: Mapping[str, Json], url: str) -> dict[str, Json]:
        """`given` with every required property of a schema that it lacks: null, empty, or below `url`."""
        filled = self._filled({"$ref": f"#/components/schemas/{schema}"}, dict(given), url)
        return dict(filled)

    def _filled(self, schema: Json, given: Json, url: str) -> Json:
        schema = self._resolved(schema)
        if given is None:
            return _nothing(schema, url) if schema.get("type") != "object" else self._filled(schema, {}, url)
        if not isinstance(given, dict):
            return given
        properties = schema.get("properties", {})
        lacking = {name: properties.get(name, {}) for name in schema.get("required", ()) if name not in given}
        empty = {name: None if self._resolved(part).get("nullable") else self._filled(part, None, url) for name, part in lacking.items()}
        nested = {
            name: self._filled(properties[name], value, url) if isinstance(value, dict) and name in properties else value
            for name, value in given.items()
        }
        return {**nested, **empty}

    def _resolved(self, part: Json) -> Json:
        while "$ref" in part:
            node = self._document
            for name in part["$ref"].removeprefix("#/").split("/"):
                node = node[name]
            part = node
        return part["allOf"][0] if "allOf" in part else part

    def _problems(self, where: tuple[str, ...], value: Json) -> Iterator[str]:
        pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in where)
        if pointer not in self._validators:
            schema = {"$ref": f"{_ROOT}#/{_quoted(pointer)}"}
            self._validators[pointer] = Draft4Validator(schema, registry=self._registry, format_checker=_FORMATS)
        for error in self._validators[pointer].iter_errors(value):
            if error.validator in ("maxLength", "maxItems"):
                continue  # what is too long is for the endpoint to refuse, in GitHub's words
            problem = f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
            if not problem.endswith(_GAPS):
                yield problem


@cache
def description() -> Description:
    """The description, read once."""
    return Description()


def _quoted(pointer: str) -> str:
    return pointer.replace("{", "%7B").replace("}", "%7D")


def _nothing(schema: Json, url: str) -> Json:
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "uri":
        return url
    if schema.get("format") == "date-time":
        return "2026-01-01T00:00:00Z"
    return {"integer": 0, "number": 0, "boolean": False, "array": []}.get(schema.get("type", "string"), "")


def _draft4(node: Json) -> Json:
    """OpenAPI 3.0 as JSON Schema draft 4, which it extends by `nullable`."""
    if isinstance(node, list):
        return [_draft4(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _draft4(value) for key, value in node.items() if key != "nullable" or not isinstance(value, bool)}
    if node.get("nullable") is not True:
        return plain
    return {"anyOf": [plain, {"type": "null"}]}

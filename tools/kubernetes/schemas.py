"""Write JSON schemas of what the chart renders, from Go modules that carry them: ``schemas.py FOLDER``.

``FOLDER/v1.34.3/statefulset-apps-v1.json`` and the like come from Kubernetes' own OpenAPI document, those in
``FOLDER/crds`` from the operators' CustomResourceDefinitions, which are copied beside them for tests that apply them.
Unknown fields are refused, as a server does with ``fieldValidation=Strict``. Needs Go; all is checked by its hash.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

KUBERNETES = {
    "v1.31.14": "h1:UtjLfqvXLuSVDdJ4+NpQCIfFkKkLnAAVmxAEMsnkhjk=",
    "v1.34.3": "h1:0TfljWbhEF5DBks+WFMSrvKfxBLo4vnZuqORjLMiyT4=",
    "v1.36.3": "h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=",
}
CRDS = (
    ("github.com/prometheus-operator/prometheus-operator", "v0.85.0", "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
     ("example/prometheus-operator-crd/*_{alertmanagerconfigs,alertmanagers,podmonitors,probes,prometheuses,"
      "prometheusrules,scrapeconfigs,servicemonitors}.yaml")),
    ("sigs.k8s.io/gateway-api", "v1.3.0", "h1:q6okN+/UKDATola4JY7zXzx40WO4VISk7i9DIfOvr9M=",
     "config/crd/standard/*_{httproutes}.yaml"),
)  # fmt: skip
"""Module, version, hash, files."""
KINDS = frozenset((
    "ConfigMap", "DaemonSet", "Deployment", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy", "Pod",
    "PodDisruptionBudget", "Secret", "Service", "ServiceAccount", "StatefulSet",
))  # fmt: skip


class Loader(yaml.CSafeLoader):
    """PyYAML refuses a plain ``=``, which stands in the operator's enumerations."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)
INT_OR_STRING = {"oneOf": [{"type": "string"}, {"type": "integer"}]}
NUMBER_OR_STRING = {"oneOf": [{"type": "string"}, {"type": "number"}]}


def module(name: str, version: str, checksum: str, cache: str) -> Path:
    """Download a module into ``cache``; return its folder."""
    environment = {**os.environ, "GOMODCACHE": cache, "GOFLAGS": "-modcacherw"}
    done = subprocess.run(
        ["go", "mod", "download", "-json", f"{name}@{version}"],
        check=True, capture_output=True, text=True, cwd=cache, env=environment,
    )  # fmt: skip
    told = json.loads(done.stdout)
    if told["Sum"] != checksum:
        raise SystemExit(f"{name} {version}: {told['Sum']} is not the pinned {checksum}")
    return Path(told["Dir"])


def strict(node: Any) -> Any:
    """Return a schema in which unknown fields are errors, without the parts that only describe."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("x-kubernetes-int-or-string") or node.get("format") == "int-or-string":
        return INT_OR_STRING
    out = {
        key: {name: strict(value) for name, value in item.items()} if key == "properties" else strict(item)
        for key, item in node.items()
        if key not in ("description", "format", "default", "example") and not key.startswith("x-kubernetes-")
    }
    if "properties" in node and not node.get("x-kubernetes-preserve-unknown-fields"):
        out.setdefault("additionalProperties", False)
    return out


def references(node: Any) -> Iterator[str]:
    """Yield the names of definitions that a schema refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix("#/definitions/")
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def closure(name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the definitions that one needs, itself among them."""
    needed: dict[str, Any] = {}
    open_names = [name]
    while open_names:
        current = open_names.pop()
        if current not in needed:
            needed[current] = definitions[current]
            open_names += references(definitions[current])
    return needed


def write_kubernetes(document: Path, folder: Path) -> None:
    """Write a schema for each kind of one version of Kubernetes."""
    folder.mkdir(parents=True)
    raw = json.loads(document.read_text("utf-8"))["definitions"]
    definitions = {name: strict(node) for name, node in raw.items()}
    definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = NUMBER_OR_STRING
    for name, node in raw.items():
        for kind in node.get("x-kubernetes-group-version-kind", []):
            if kind["kind"] in KINDS:
                group = [kind["group"].split(".")[0]] if kind["group"] else []
                file = "-".join([kind["kind"].lower(), *group, kind["version"]]) + ".json"
                schema = {"$ref": f"#/definitions/{name}", "definitions": closure(name, definitions)}
                (folder / file).write_text(json.dumps(schema), "utf-8")


def write_crd(source: Path, folder: Path) -> None:
    """Copy a CustomResourceDefinition, and write a schema for each of its versions."""
    folder.mkdir(parents=True, exist_ok=True)
    text = source.read_text("utf-8")
    (folder / source.name).write_text(text, "utf-8")
    spec = yaml.load(text, Loader=Loader)["spec"]
    for version in spec["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        file = f"{spec['names']['singular']}-{spec['group'].split('.')[0]}-{version['name']}.json"
        (folder / file).write_text(json.dumps(schema), "utf-8")


def main(folder: Path) -> None:
    """Write everything."""
    for version, checksum in KUBERNETES.items():
        with tempfile.TemporaryDirectory() as cache:  # 140 MB of sources for 4 MB of JSON: nothing else is kept
            source = module("k8s.io/kubernetes", version, checksum, cache)
            write_kubernetes(source / "api" / "openapi-spec" / "swagger.json", folder / version)
    for name, version, checksum, pattern in CRDS:
        with tempfile.TemporaryDirectory() as cache:
            source = module(name, version, checksum, cache)
            start, choice, end = re.split(r"[{}]", pattern)
            for word in choice.split(","):
                for file in source.glob(f"{start}{word}{end}"):
                    write_crd(file, folder / "crds")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

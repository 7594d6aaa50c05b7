"""The chart as the real Helm renders it; renderings are kept, because many tests look at the same one."""

import json
import os
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cluster as kubernetes
import pytest
from chart import CHART, ROOT, documents
from cluster import eventually

GRAFANA_DASHBOARD = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "grafanadashboards.grafana.integreatly.org"},
    "spec": {
        "group": "grafana.integreatly.org", "scope": "Namespaced",
        "names": {"kind": "GrafanaDashboard", "plural": "grafanadashboards", "singular": "grafanadashboard"},
        "versions": [{
            "name": "v1beta1", "served": True, "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        }],
    },
}  # fmt: skip
"""The Grafana operator's definition cannot be had as a Go module: this one takes any field."""


@pytest.fixture(scope="session")
def run_helm(tool) -> Callable[..., subprocess.CompletedProcess]:
    """Runs Helm of a major version: ``run_helm("helm4", "lint", chart)``."""

    def run(name, *arguments, **options):
        return subprocess.run(
            [tool(name), *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, **options
        )

    return run


@pytest.fixture(scope="session")
def helm(run_helm):
    """Runs Helm 3; returns what it did."""
    return lambda *arguments: run_helm("helm3", *arguments)


@pytest.fixture(scope="session")
def render_text(run_helm) -> Callable[..., str]:
    """Renders the chart with --set texts or value files; returns what Helm prints."""

    @cache
    def template(*settings, files=(), name="gate", namespace="llm", version="helm3"):
        arguments = [item for text in settings for item in ("--set", text)]
        arguments += [item for file in files for item in ("--values", file)]
        done = run_helm(version, "template", name, CHART, "--namespace", namespace, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return template


@pytest.fixture(scope="session")
def render(render_text) -> Callable[..., list[dict]]:
    """Renders the chart; returns the resources."""
    return lambda *settings, **options: documents(render_text(*settings, **options))


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The folder of Kubernetes' and the operators' schemas."""
    folder = ROOT / ".tools" / "kubernetes-schemas"
    if not folder.is_dir():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no .tools/kubernetes-schemas: run `make tools`")
    return folder


@pytest.fixture(scope="session")
def cluster(tool, schemas, tmp_path_factory):
    """A running Kubernetes that knows the operators' kinds."""
    with kubernetes.running(tmp_path_factory.mktemp("cluster"), tool) as running:
        definitions = [f"--filename={file}" for file in sorted((schemas / "crds").glob("*.yaml"))]
        running.kubectl("create", *definitions)
        running.kubectl("create", "--filename=-", stdin=json.dumps(GRAFANA_DASHBOARD))
        eventually(lambda: established(running), "the definitions are established")
        yield running


def established(cluster):
    return all(
        any(c["type"] == "Established" and c["status"] == "True" for c in definition.get("status", {}).get("conditions") or [])
        for definition in cluster.get("", "customresourcedefinitions")
    )

"""The chart, and how tests look at what it renders."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "tocsin"
CASES = sorted((CHART / "ci").glob("*-values.yaml"))
TOKEN = "auth.token=a-token-of-at-least-16"


def documents(text):
    return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]


def of_kind(resources, kind):
    return [resource for resource in resources if resource["kind"] == kind]


def one(resources, kind, name=None):
    (found,) = [r for r in of_kind(resources, kind) if name in (None, r["metadata"]["name"])]
    return found


def pods(resources):
    return [r["spec"]["template"]["spec"] for r in resources if r["kind"] in ("StatefulSet", "DaemonSet", "Deployment")]

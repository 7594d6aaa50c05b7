"""The routing of an AlertmanagerConfig, as the operator translates it and Alertmanager walks it."""

import re


def translated(resource, receivers=()):
    """An AlertmanagerConfig as the operator makes a part of Alertmanager's configuration of it.

    It puts a matcher on the resource's namespace in front of the tree, lets alerts go on after it, and puts the
    namespace and the resource in front of the names of receivers.
    """
    namespace = resource["metadata"]["namespace"]
    prefix = f"{namespace}/{resource['metadata']['name']}/"

    def plain(entry):
        snake = {re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), key): value for key, value in entry.items()}
        snake["matchers"] = [f'{m["name"]}{m.get("matchType", "=")}"{m["value"]}"' for m in entry.get("matchers", [])]
        snake["routes"] = [plain(child) for child in entry.get("routes", [])]
        return snake | {"receiver": prefix + entry["receiver"]}

    tree = plain(resource["spec"]["route"])
    tree |= {"matchers": [*tree["matchers"], f'namespace="{namespace}"'], "continue": True}
    names = [{"name": prefix + receiver["name"]} for receiver in resource["spec"]["receivers"]]
    return {"route": {"receiver": "elsewhere", "routes": [tree]}, "receivers": [*names, {"name": "elsewhere"}]}


def walk(route, labels):
    """Yield the receivers of an alert, as Alertmanager's dispatcher finds them."""
    operators = {"=": lambda a, b: a == b, "!=": lambda a, b: a != b,
                 "=~": lambda a, b: bool(re.fullmatch(b, a)), "!~": lambda a, b: not re.fullmatch(b, a)}  # fmt: skip
    found = False
    for child in route.get("routes", []):
        parts = [re.fullmatch(r'(\w+)(=~|!~|!=|=)"(.*)"', matcher).groups() for matcher in child["matchers"]]
        if all(operators[operator](labels.get(name, ""), value) for name, operator, value in parts):
            yield from walk(child, labels)
            found = True
            if not child.get("continue"):
                break
    if not found:
        yield route["receiver"]

"""Judges whether rules describe events, by pySigma's reading of the rules: slow, plain, and of another author.

Standard input: a line of JSON for each question, {"rule": FILE, "id": ID, "event": {…}}.
Standard output: a line for each answer, "true", "false" or "error: REASON".
"""

import ipaddress
import json
import re
import sys

from sigma.collection import SigmaCollection
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
)

MISSING = object()


def get(event, name):
    if name in event:
        return event[name]
    node = event
    for part in name.split("."):
        if isinstance(node, list):
            node = [n.get(part) for n in node if isinstance(n, dict) and part in n]
            if not node:
                return MISSING
        elif isinstance(node, dict) and part in node:
            node = node[part]
        else:
            return MISSING
    return node


def text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return str(value)


def leaves(node):
    if isinstance(node, dict):
        for name, value in node.items():
            if name not in ("n0", "n1"):
                yield from leaves(value)
    elif isinstance(node, list):
        for value in node:
            yield from leaves(value)
    elif node is not None:
        yield node


patterns = {}


def matches(pattern, value, keyword=False):
    key = (id(pattern), keyword)
    compiled = patterns.get(key)
    if compiled is None:
        body = str(pattern.to_regex().regexp) if isinstance(pattern, SigmaString) else None
        flags = re.DOTALL if isinstance(pattern, SigmaCasedString) else re.DOTALL | re.IGNORECASE
        compiled = (re.compile(body if keyword else r"\A(?:" + body + r")\Z", flags), pattern)
        patterns[key] = compiled
    return compiled[0].search(value) is not None


COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "!=": lambda a, b: a != b,
}


def test(event, want, value, keyword=False):
    if isinstance(want, SigmaExpansion):
        return any(test(event, v, value, keyword) for v in want.values)
    if isinstance(want, SigmaExists):
        return (value is not MISSING) == bool(want)
    if isinstance(want, SigmaNull):
        return value is MISSING or value is None
    if value is MISSING or value is None:
        return False
    if isinstance(value, list):
        return any(test(event, want, v, keyword) for v in value)
    if isinstance(want, SigmaBool):
        return text(value).lower() == ("true" if want.boolean else "false")
    if isinstance(want, SigmaNumber):
        try:
            return float(text(value)) == float(want.number)
        except ValueError:
            return text(value) == str(want.number)
    if isinstance(want, SigmaString):
        return matches(want, text(value), keyword)
    if isinstance(want, SigmaRegularExpression):
        flags = 0
        for f in want.flags:
            flags |= want.sigma_to_python_flags[f]
        return re.search(str(want.regexp), text(value), flags) is not None
    if isinstance(want, SigmaCIDRExpression):
        try:
            return ipaddress.ip_address(text(value)) in want.network
        except ValueError:
            return False
    if isinstance(want, SigmaCompareExpression):
        try:
            return COMPARE[want.op.value](float(text(value)), float(want.number.number))
        except ValueError:
            return False
    if isinstance(want, SigmaFieldReference):
        other = get(event, want.field)
        if other is MISSING:
            return False
        a, b = text(value).lower(), text(other).lower()
        if want.starts_with:
            return a.startswith(b)
        if want.ends_with:
            return a.endswith(b)
        return a == b
    raise TypeError(f"{type(want).__name__} is not judged here")


def holds(event, node):
    if isinstance(node, ConditionNOT):
        return not holds(event, node.args[0])
    if isinstance(node, ConditionAND):
        return all(holds(event, a) for a in node.args)
    if isinstance(node, ConditionOR):
        return any(holds(event, a) for a in node.args)
    if isinstance(node, ConditionFieldEqualsValueExpression):
        return test(event, node.value, get(event, node.field))
    if isinstance(node, ConditionValueExpression):
        return any(test(event, node.value, v, True) for v in leaves(event))
    raise TypeError(f"{type(node).__name__} is not judged here")


rules = {}


def conditions(path, ident):
    if path not in rules:
        with open(path, encoding="utf-8") as f:
            rules[path] = SigmaCollection.from_yaml(f.read())
    for rule in rules[path]:
        if str(rule.id) == ident or not ident:
            if not hasattr(rule, "oracle"):
                rule.oracle = [c.parsed for c in rule.detection.parsed_condition]
            return rule.oracle
    raise KeyError(f"no rule {ident}")


for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = "true" if any(holds(question["event"], c) for c in conditions(question["rule"], question["id"])) else "false"
    except Exception as err:  # whatever pySigma makes of a rule, the next question wants its answer
        answer = "error: " + " ".join(f"{type(err).__name__}: {err}".split())
    print(answer, flush=True)

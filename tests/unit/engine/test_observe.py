"""An explanation that is remembered is the one that a new look would come to."""

from __future__ import annotations

import random
from typing import Any

import pytest

from auditor.analysis.shapes import prepare
from auditor.cel import Environment
from auditor.engine.observe import Observer
from auditor.platforms import PLATFORMS
from auditor.policy.compile import VARIABLES
from auditor.policy.compiled import MessageTemplate

POD = PLATFORMS.shape_of("k8s/PodTemplate")
EXPRESSIONS = [
    'object.allContainers.exists(c, c.?resources.?limits[?"ephemeral-storage"].hasValue())',
    "object.allContainers.all(c, c.?volumeMounts.orValue([]).all(m, m.?readOnly.orValue(false)))",
    'object.spec.?hostNetwork.orValue(false) || object.allContainers.all(c, c.name != "a")',
    'object.metadata.?labels.orValue({}).all(k, k != "a")',
    'item.?env.orValue([]).all(e, e.name != "A" || has(e.valueFrom))',
    "object.spec.?containers.orValue([]).size() == 9",
    'item.?args.orValue([]).exists(a, a == "--tls") && object.allContainers.size() > 9',
]


def body_of(chance: random.Random) -> dict[str, Any]:
    """A pod template of which few values differ, in what is read and in what is not."""

    def container() -> dict[str, Any]:
        made: dict[str, Any] = {"name": chance.choice("ab"), "image": chance.choice("xyz")}
        if chance.random() < 0.5:
            made["env"] = [{"name": chance.choice("AB"), "value": chance.choice("xy")}]
        if chance.random() < 0.5:
            made["volumeMounts"] = [
                {"name": chance.choice("ab"), "readOnly": chance.random() < 0.5}
            ]
        if chance.random() < 0.3:
            made["args"] = [chance.choice(["--tls", "-v"])]
        return made

    spec: dict[str, Any] = {"containers": [container() for _ in range(chance.randint(0, 2))]}
    if chance.random() < 0.5:
        spec["initContainers"] = [container()]
    if chance.random() < 0.3:
        spec["hostNetwork"] = chance.random() < 0.5
    labels = {chance.choice("ab"): chance.choice("xy")}
    return {"metadata": {"labels": labels, "name": chance.choice("pq")}, "spec": spec}


@pytest.mark.bulk
@pytest.mark.parametrize("source", EXPRESSIONS)
def test_a_remembered_explanation_is_the_one_of_a_new_look(source: str) -> None:
    """Where a list is joined of two, also by which of them an element is in."""
    chance = random.Random(source)
    program = Environment(VARIABLES).compile(source)
    remembering = Observer(program, None, POD)
    for _ in range(300):
        body = prepare(POD, body_of(chance))
        items: Any = body["allContainers"]
        item = chance.choice(items) if items else {}
        new = Observer(program, None, POD).explain(body, item, {})
        assert remembering.explain(body, item, {}) == new


SHOWN = [
    "item.name + item.?image.orValue('')",
    "object.metadata.name",
    "object.spec.?hostNetwork.hasValue() ? 'here' : 'not here'",
    "object.allContainers.map(c, c.?image.orValue(''))",
    "item",
]


@pytest.mark.bulk
@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("source", EXPRESSIONS)
def test_a_remembered_message_is_the_one_of_a_new_look(source: str, shown: str) -> None:
    """What only the message shows is another explanation, whatever decided."""
    chance = random.Random(source + shown)
    environment = Environment(VARIABLES)
    program = environment.compile(source)
    message = MessageTemplate(("it has ", environment.compile(shown)))
    remembering = Observer(program, message, POD)
    for _ in range(100):
        body = prepare(POD, body_of(chance))
        items: Any = body["allContainers"]
        item = chance.choice(items) if items else {}
        new = Observer(program, message, POD).explain(body, item, {})
        assert remembering.explain(body, item, {}) == new
        assert new.message == message.render(body, item, {})


def test_a_message_is_made_once_for_what_it_shows() -> None:
    environment = Environment(VARIABLES)
    message = MessageTemplate((environment.compile("item.name"), " is read"))
    observer = Observer(environment.compile(EXPRESSIONS[4]), message, POD)
    body = {"spec": {}}
    items = [{"name": "main", "image": str(number), "env": [{"name": "A"}]} for number in range(2)]
    first, second, third = (observer.explain(body, item, {}) for item in (items[0], *items))
    assert first == second
    assert second is third
    other = observer.explain(body, items[0] | {"name": "other"}, {})
    assert other.message == "other is read"


def test_what_nobody_reads_is_no_new_case() -> None:
    """A long image in every container: tracing each of them is a hundred times as dear."""
    program = Environment(VARIABLES).compile(EXPRESSIONS[0])
    observer = Observer(program, None, POD)
    bodies = [
        prepare(POD, {"spec": {"containers": [{"name": "a", "image": f"{at}" * 2_000}]}})
        for at in range(50)
    ]
    known = {id(observer.explain(body, None, {}).reads) for body in bodies}
    assert len(known) == 2, "the first, which nobody asked for again, and that of all others"

"""OpenAI's ``/v1/moderations``: the shape that clients know."""

import json

import pytest

from guarded import Bench
from tocsin.guard.check import RequestError
from tocsin.guard.moderation import INPUTS_MAX


@pytest.mark.parametrize("given", ["idiot", ["fine", "idiot"], [{"type": "text", "text": "idiot"}]])
def test_moderations_have_the_shape_that_clients_know(given):
    answer = Bench().moderations(json.dumps({"input": given, "model": "omni-moderation-latest"}).encode())

    last = answer["results"][-1]
    assert (last["flagged"], last["categories"]["harassment"], last["categories"]["pii"]) == (True, True, False)
    assert last["category_scores"]["harassment"] == 0.9
    assert len(answer["results"]) == (2 if given == ["fine", "idiot"] else 1)


def test_parts_of_one_input_have_one_result_and_pictures_none():
    parts = [{"type": "text", "text": "fine"}, {"type": "image_url", "image_url": {"url": "data:"}}, {"type": "text", "text": "idiot"}]
    answer = Bench().moderations(json.dumps({"input": parts}).encode())

    assert [result["flagged"] for result in answer["results"]] == [True]


PICTURE = b'{"input": [{"type": "image_url", "image_url": {"url": "data:"}}]}'


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"input": 5}', b'{"input": ["a", 5]}', b'{"input": [1, 2]}', PICTURE, b"nonsense"])
def test_moderations_without_input_are_refused(body):
    with pytest.raises(RequestError):
        Bench().moderations(body)


def test_moderations_of_more_texts_than_can_be_answered_are_refused():
    Bench().moderations(json.dumps({"input": [""] * INPUTS_MAX}).encode())

    with pytest.raises(RequestError, match="several requests"):
        Bench().moderations(json.dumps({"input": [""] * (INPUTS_MAX + 1)}).encode())


def test_shed_moderations_flag_nothing_and_say_so():
    answer = Bench(admit=lambda: False).moderations(b'{"input": ["idiot", "idiot"]}')

    assert answer["shed"] is True
    assert [result["flagged"] for result in answer["results"]] == [False, False]

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detectors.drift import FEATURES, MAX_BINS, MIN_REFERENCE, OTHER, Drift, Segments, features, psi

COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=12)


@given(COUNTS)
def test_equal_histograms_have_no_drift(counts):
    assert psi(counts, counts) == 0.0


@given(
    st.integers(2, 12).flatmap(lambda size: st.tuples(*[st.lists(st.floats(0, 1e6), min_size=size, max_size=size)] * 2))
)
def test_psi_is_never_negative_and_symmetric(pair):
    assert psi(*pair) >= 0.0
    assert psi(*pair) == pytest.approx(psi(*reversed(pair)))


def test_psi_is_the_textbook_sum():
    # (0.4 - 0.5) ln(0.4 / 0.5) + (0.6 - 0.5) ln(0.6 / 0.5), where half a count more changes nothing
    assert psi([500_000, 500_000], [400_000, 600_000]) == pytest.approx(0.0405465, abs=1e-5)


@pytest.mark.parametrize("pair", [([1, 2], [1, 2, 3]), ([], [])])
def test_psi_of_other_bins_is_refused(pair):
    with pytest.raises(ValueError, match="bins"):
        psi(*pair)


def filled(drift, count, places, seed=1):
    draw = random.Random(seed)
    for _ in range(count):
        drift.add(draw.choice(places))
    return drift


def test_few_questions_have_no_value():
    assert filled(Drift(4), MIN_REFERENCE, [0, 1]).value() is None


def test_a_steady_route_does_not_drift():
    assert filled(Drift(4), 5_000, [0, 0, 1, 2]).value() < 0.05


def test_a_shift_is_seen_and_does_not_become_the_reference():
    drift = filled(Drift(4), 3_000, [0, 0, 1])

    filled(drift, 600, [3])

    assert drift.value() > 1.0
    filled(drift, 20_000, [3])
    assert drift.value() > 1.0


def test_a_shift_that_ends_is_forgotten():
    drift = filled(filled(Drift(4), 3_000, [0, 0, 1]), 600, [3])

    assert filled(drift, 600, [0, 0, 1]).value() < 0.1


@given(st.lists(st.integers(-3, 9), max_size=60))
def test_state_survives_packing(places):
    drift = Drift(4, window=20)
    for place in places:
        drift.add(place)

    again = Drift.unpack(drift.pack(), window=20)

    assert again.pack() == drift.pack()
    assert again.value() == drift.value()


@pytest.mark.parametrize(
    "data", [b"", b"junk", b"\x92\x91\x01\x90", b"\x92\x92\x01\x01\x91\x07", b"\x92\x92\x01\x01\x91\xff"]
)
def test_broken_state_is_refused(data):
    with pytest.raises(ValueError, match=r".+"):
        Drift.unpack(data)


@pytest.mark.parametrize(
    ("text", "feature", "bin_"),
    [
        ("What is the capital of France, and how many people live in the city?", "language", "en"),
        ("Какая столица Франции?", "language", "cyrillic"),
        ("フランスの首都はどこですか", "language", "cjk"),
        ("123", "language", "none"),
        ("hi", "length", "0"),
        ("x" * 5000, "length", "4096"),
        ("Why? How? When?", "question", "more"),
        ("Fix this:\n```\nint main() { return 0; }\n```", "code", "mostly"),
        ("Fix my essay", "code", "none"),
    ],
)
def test_features_of_a_question(text, feature, bin_):
    assert FEATURES[feature][features(text)[feature]] == bin_


@given(st.text())
def test_every_question_has_a_bin_for_each_feature(text):
    found = features(text)

    assert set(found) == set(FEATURES)
    assert all(0 <= place < len(FEATURES[name]) for name, place in found.items())


def labelled(segments, count, values, seed=1):
    draw = random.Random(seed)
    for _ in range(count):
        segments.add(segments.place(draw.choice(values)))
    return segments


def test_the_bin_that_gained_most_is_known():
    drift = filled(filled(Drift(4), 3_000, [0, 0, 1]), 500, [0, 1, 1, 3])

    place, gain = drift.grown()

    assert (place, round(gain, 1)) == (3, 0.2)


def test_a_new_label_value_is_drift_and_is_named():
    segments = labelled(labelled(Segments(), 3_000, ["day", "day", "night"]), 500, ["night", "night", "night", "partner"])

    assert segments.value() > 0.2
    assert segments.name(segments.grown()[0]) == "partner"


def test_a_label_that_changes_with_the_hour_does_not_drift():
    assert labelled(labelled(Segments(), 3_000, ["day", "day", "night"]), 500, ["night"]).value() == 0.0


def test_values_of_a_label_beyond_the_bins_share_the_last():
    segments = Segments()

    places = [segments.place(f"v{number}") for number in range(2 * MAX_BINS)]

    assert set(places) == set(range(MAX_BINS))
    assert segments.name(places[-1]) == OTHER


def test_segments_survive_packing():
    segments = labelled(labelled(Segments(), 2_000, ["a", "b"]), 200, ["a", "c"])

    again = Segments.unpack(segments.pack())

    assert (again.pack(), again.value(), again.grown()) == (segments.pack(), segments.value(), segments.grown())

"""Labels of versions: each situation of a rotation, and every way through one."""

import itertools

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws.secret_versions import NEW, moves

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
ONE = {CURRENT: "1"}
TWO = {CURRENT: "2", PREVIOUS: "1"}
UNDER_WAY = {CURRENT: "1", PENDING: "2"}
CASES = [
    # labels, options, put, promote, take, labels afterwards
    (ONE, {"write": False}, "", False, (), ONE),
    (ONE, {"write": True, "current_fits": True}, "", False, (), ONE),
    (ONE, {"write": True}, CURRENT, False, (), {CURRENT: NEW, PREVIOUS: "1"}),
    ({}, {"write": True}, CURRENT, False, (), {CURRENT: NEW}),
    (TWO, {"write": True}, CURRENT, False, (), {CURRENT: NEW, PREVIOUS: "2"}),
    (ONE, {"write": True, "stage": PENDING}, PENDING, False, (), {CURRENT: "1", PENDING: NEW}),
    (ONE, {"write": True, "stage": PENDING, "current_fits": True}, "", False, (), ONE),
    (UNDER_WAY, {"write": True, "stage": PENDING, "pending_fits": True}, "", False, (), UNDER_WAY),
    (
        UNDER_WAY,
        {"write": True, "stage": PENDING},
        PENDING,
        False,
        (),
        {CURRENT: "1", PENDING: NEW},
    ),
    (
        UNDER_WAY,
        {"write": True, "pending_fits": True},
        "",
        True,
        (PENDING,),
        {CURRENT: "2", PREVIOUS: "1"},
    ),
    # Another value than the pending one: the label is not ours to take.
    (
        UNDER_WAY,
        {"write": True},
        CURRENT,
        False,
        (),
        {CURRENT: NEW, PREVIOUS: "1", PENDING: "2"},
    ),
    # Cut off after the promotion.
    (
        {CURRENT: "2", PENDING: "2", PREVIOUS: "1"},
        {"write": True, "current_fits": True},
        "",
        False,
        (PENDING,),
        TWO,
    ),
    ({CURRENT: "2", PENDING: "2"}, {"write": False}, "", False, (), {CURRENT: "2", PENDING: "2"}),
    (TWO, {"write": False, "retire": True}, "", False, (PREVIOUS,), {CURRENT: "2"}),
    (ONE, {"write": False, "retire": True}, "", False, (), ONE),
    (ONE, {"write": True, "retire": True}, CURRENT, False, (PREVIOUS,), {CURRENT: NEW}),
    (
        {**UNDER_WAY, "mine": "0"},
        {"write": True, "pending_fits": True, "retire": True},
        "",
        True,
        (PENDING, PREVIOUS),
        {CURRENT: "2", "mine": "0"},
    ),
]


@pytest.mark.parametrize(("labels", "options", "put", "promote", "take", "after"), CASES)
def test_situations(labels, options, put, promote, take, after):
    found = moves(labels, **options)
    assert (found.put, found.promote, found.take) == (put, promote, take)
    assert found.after == after


class Service:
    """Secrets Manager's rules for labels, told again naively: value by version, labels by name."""

    def __init__(self):
        self.values = {"0": "old"}
        self.labels = {CURRENT: "0"}

    def calls(self, value, **options):
        """The single calls of one run, as functions."""
        found = moves(
            self.labels,
            write=True,
            current_fits=self.read(CURRENT) == value,
            pending_fits=self.labels.get(PENDING) != self.labels[CURRENT]
            and self.read(PENDING) == value,
            **options,
        )
        if found.put:
            yield lambda: self.put(value, found.put)
        if found.promote:
            yield self.promote
        for label in found.take:
            yield lambda label=label: self.labels.pop(label)

    def read(self, label):
        return self.values.get(self.labels.get(label))

    def put(self, value, label):
        version = str(len(self.values))
        self.values[version] = value
        if label == CURRENT:
            self.labels[PREVIOUS] = self.labels[CURRENT]
        self.labels[label] = version

    def promote(self):
        self.labels[PREVIOUS] = self.labels[CURRENT]
        self.labels[CURRENT] = self.labels[PENDING]


STEPS = [{"stage": PENDING}, {"stage": CURRENT}, {"stage": CURRENT, "retire": True}]


@pytest.mark.parametrize("cuts", list(itertools.product(range(3), repeat=3)))
def test_a_rotation_that_is_cut_off_anywhere_goes_on(cuts):
    """Each step is stopped after so many calls, then run whole: one new version, the old alive."""
    service = Service()
    for options, cut in zip(STEPS, cuts, strict=True):
        for call in itertools.islice(service.calls("new", **options), cut):
            call()
        for call in service.calls("new", **options):
            call()
        assert not list(service.calls("new", **options)), "a second run must not write"
        if not options.get("retire"):
            assert "old" in (service.read(CURRENT), service.read(PREVIOUS))
    assert service.labels == {CURRENT: "1"}
    assert service.values == {"0": "old", "1": "new"}

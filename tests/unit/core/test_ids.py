"""Keys that are made cheaply are ordinary UUIDs."""

import pickle
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from serversync.core.ids import random_uuids, uuid_of


@given(st.integers(0, 2**128 - 1))
def test_a_key_of_a_number_is_the_uuid_of_that_number(number):
    key = uuid_of(number)
    assert key == UUID(int=number)
    assert hash(key) == hash(UUID(int=number))
    assert str(key) == str(UUID(int=number))
    assert pickle.loads(pickle.dumps(key)) == key  # noqa: S301 - our own


def test_random_keys_are_version_4_and_differ():
    keys = list(random_uuids(1000))
    assert len(set(keys)) == 1000
    assert {(key.version, key.variant) for key in keys} == {(uuid4().version, uuid4().variant)}

"""The one tree of errors.

KwkError
├── DataError         what was given can't be read as it should be
├── StoreError        a store refuses, or holds something else than expected
├── ServiceError      a server can't be started, reached or stopped
├── CheckpointError   a trained run can't be loaded
└── GroundingError    a question can't be tied to the graph

Each message is one sentence that names the value, the place and what to do about it.
"""


class KwkError(Exception):
    """Anything kwk can explain to its user."""


class DataError(KwkError):
    """Input that can't be read as it should be."""


class StoreError(KwkError):
    """A store that refuses, or that holds something else than expected."""


class ServiceError(KwkError):
    """A server that can't be started, reached or stopped."""


class CheckpointError(KwkError):
    """A trained run that can't be loaded."""


class GroundingError(KwkError):
    """A question that can't be tied to the graph."""

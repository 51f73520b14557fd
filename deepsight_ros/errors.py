"""Typed errors. Each message says what was got, what was expected and what to do."""

from __future__ import annotations


class DeepsightError(Exception):
    """Base of every error this package raises on purpose."""


class InvalidValueError(DeepsightError, ValueError):
    """A value type was made from inconsistent data (shape, dtype, range, NaN)."""


class DecodeError(InvalidValueError):
    """An image message could not be turned into pixels or metres."""


class CalibrationError(InvalidValueError):
    """Intrinsics or the transform between two cameras are missing or impossible."""


class TransformError(DeepsightError, LookupError):
    """No transform between two frames at the wanted time."""


class UnknownReferenceError(DeepsightError, LookupError):
    """A region or object id that does not exist in the scene."""


class SceneFileError(InvalidValueError):
    """A scene JSON file that does not follow docs/scene_file.md."""


class SourceError(DeepsightError, OSError):
    """A folder, bag or camera that cannot be read as RGB-D."""


class NeedsGravityError(DeepsightError):
    """A quantity or predicate that needs to know which way is up, in a scene that does not."""


class NoDepthError(DeepsightError):
    """An object without usable depth inside it, so that nothing can be measured on it."""


class ShardError(DeepsightError, OSError):
    """A folder of shards that is missing, truncated, damaged or of another version."""


class ModelFilesError(DeepsightError, OSError):
    """Weights that are missing, incomplete or of another kind, or a device that is not there."""


class EndpointError(DeepsightError):
    """A chat endpoint that cannot be used: no key, no answer, or answers that are nonsense."""


class FilteredError(DeepsightError):
    """An input that a filter leaves out on purpose; the message says which and why."""


class EndpointDownError(RuntimeError):
    """A chat endpoint that will not answer anything: the run stops instead of skipping its inputs,
    which is why this is no DeepsightError."""

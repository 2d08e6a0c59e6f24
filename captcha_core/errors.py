"""The one exception that a user is meant to read, and its kinds."""


class CaptchaLabError(Exception):
    """Something a user can mend; the text names the value, the place and the remedy.

    Command lines print the text after ``error:`` and exit with 2. Anything that is not a
    ``CaptchaLabError`` is a bug and keeps its stack trace.
    """


class ImageError(CaptchaLabError):
    """A picture that cannot be read."""


class DataError(CaptchaLabError):
    """A data set (Parquet, folder, CSV) that cannot be read or does not fit."""


class CheckpointError(CaptchaLabError):
    """A checkpoint that cannot be read or does not fit this version."""


class AlphabetError(CaptchaLabError):
    """A text with a character outside the alphabet, or an alphabet that is not one."""

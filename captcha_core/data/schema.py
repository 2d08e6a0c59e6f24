"""The columns of a data set, and how they are found in files that others wrote."""

from __future__ import annotations

import json
from itertools import islice
from typing import NamedTuple

import pyarrow as pa

from captcha_core.errors import DataError

SPLIT_COLUMN = "split"
ALL_SPLITS = "all"

# What a message lists of a file's columns.
_LISTED_COLUMNS = 20
_LONGEST_COLUMN = 80


class Sample(NamedTuple):
    """One labelled picture.

    Attributes:
        image: The encoded picture (PNG, JPEG ...), as it was found; empty when the row holds none.
        label: The text in the picture; empty when the row holds none.
        path: The picture's own name, or ``part.parquet#17`` when a row (counted from 0) has no name.
        source: Where it comes from: a generator, a folder, a file's stem.
    """

    image: bytes
    label: str
    path: str
    source: str


def _hugging_face_metadata(fields: list[pa.Field]) -> dict[bytes, bytes]:
    """Return the schema metadata that makes ``datasets.load_dataset`` open ``image`` as pictures."""
    text = {"dtype": "string", "_type": "Value"}
    features = {field.name: {"_type": "Image"} if field.name == "image" else text for field in fields}
    return {b"huggingface": json.dumps({"info": {"features": features}}).encode()}


def _schema(*text_columns: str) -> pa.Schema:
    picture = pa.field("image", pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())]))
    fields = [picture, *(pa.field(name, pa.string()) for name in text_columns)]
    return pa.schema(fields, metadata=_hugging_face_metadata(fields))


SCHEMA = _schema("label", "source")
SPLIT_SCHEMA = _schema("label", "source", SPLIT_COLUMN)
CORRECTION_SCHEMA = _schema("label", "source", "picture_hash", "prediction", "model_id")


def choose_image_column(schema: pa.Schema, where: str, name: str | None = None) -> str:
    """Return the column that holds the pictures.

    It is the named one, else ``image``, else the only column of a type that can hold pictures: a binary
    column, or a struct with a binary field ``bytes`` (the Hugging Face Image layout).

    Args:
        schema: The file's columns.
        where: The file, for the message.
        name: What the user named (``--image-column``).

    Raises:
        DataError: If that column is missing or of another type, or several could be meant.
    """
    fitting = [field.name for field in schema if _holds_pictures(field.type)]
    wanted = name or ("image" if "image" in schema.names or len(fitting) != 1 else fitting[0])
    if wanted in fitting:
        return wanted
    problem = f"has no column {wanted!r}" if wanted not in schema.names else f"holds no pictures in column {wanted!r}"
    raise DataError(
        f"{where} {problem}; its columns are {_described(schema)}. "
        "Name the column of the encoded pictures with --image-column."
    )


def choose_label_column(schema: pa.Schema, where: str, name: str | None = None) -> str:
    """Return the column that holds the labels: the named one, else ``label``.

    Args:
        schema: The file's columns.
        where: The file, for the message.
        name: What the user named (``--label-column``).

    Raises:
        DataError: If that column is missing, or is not text. Numbers are refused since they have lost their
            leading zeros: the label 12 may have been "12" or "0012".
    """
    wanted = name or "label"
    if wanted not in schema.names:
        raise DataError(
            f"{where} has no column {wanted!r}; its columns are {_described(schema)}. "
            "Name the column of the labels with --label-column."
        )
    kind = schema.field(wanted).type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        raise DataError(
            f"{where} holds numbers ({kind}) in its label column {wanted!r}, so leading zeros are lost "
            '("0012" became 12). Write the labels as text.'
        )
    if not _holds_text(kind):
        raise DataError(
            f"{where} holds {kind} in its label column {wanted!r}, not text; its columns are {_described(schema)}. "
            "Name the column of the labels with --label-column."
        )
    return wanted


def _described(schema: pa.Schema) -> str:
    """Return the columns in words: of a stranger's file the first few, and no more than a line."""
    described = [f"{field.name} ({field.type})"[:_LONGEST_COLUMN] for field in islice(schema, _LISTED_COLUMNS)]
    more = len(schema) - len(described)
    listed = ", ".join(described) + (f" and {more:,} more" if more else "")
    return "".join(c if c.isprintable() else "\ufffd" for c in listed) or "none"


def _holds_pictures(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        index = kind.get_field_index("bytes")
        return index >= 0 and _holds_pictures(kind.field(index).type)
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)


def _holds_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _holds_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)

"""Columns are found when they are clear, and named when they are not."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from captcha_core.data.schema import SCHEMA, SPLIT_SCHEMA, choose_image_column, choose_label_column
from captcha_core.errors import DataError

STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@pytest.mark.parametrize("schema", [SCHEMA, SPLIT_SCHEMA])
def test_hugging_face_metadata_names_every_column(schema: pa.Schema) -> None:
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert list(features) == schema.names
    assert features.pop("image") == {"_type": "Image"}
    assert all(feature == {"dtype": "string", "_type": "Value"} for feature in features.values())


def test_the_columns_are_those_of_the_contract() -> None:
    assert SCHEMA.names == ["image", "label", "source"]
    assert SCHEMA.field("image").type == STRUCT
    assert SPLIT_SCHEMA.names == [*SCHEMA.names, "split"]


@pytest.mark.parametrize(
    ("columns", "name", "chosen"),
    [
        ({"image": STRUCT, "thumb": STRUCT}, None, "image"),
        ({"image": pa.binary()}, None, "image"),
        ({"png": pa.large_binary(), "label": pa.string()}, None, "png"),
        ({"a": pa.binary(), "b": pa.binary_view()}, "b", "b"),
        ({"image": STRUCT, "raw": pa.binary()}, "raw", "raw"),
    ],
)
def test_the_image_column_is_found(columns: dict[str, pa.DataType], name: str | None, chosen: str) -> None:
    assert choose_image_column(pa.schema(columns), "x.parquet", name) == chosen


@pytest.mark.parametrize(
    ("columns", "name", "message"),
    [
        ({"a": pa.binary(), "b": STRUCT}, None, "x.parquet has no column 'image'; its columns are a \\(binary\\), b"),
        ({"text": pa.string()}, None, r"has no column 'image'; its columns are text \(string\).*--image-column"),
        ({"image": pa.string(), "raw": pa.binary()}, None, "holds no pictures in column 'image'"),
        ({"image": STRUCT}, "picture", "has no column 'picture'"),
        ({"image": pa.struct([("path", pa.string())])}, None, "holds no pictures in column 'image'"),
        ({}, None, "its columns are none"),
    ],
)
def test_an_unclear_image_column_lists_what_is_there(
    columns: dict[str, pa.DataType], name: str | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        choose_image_column(pa.schema(columns), "x.parquet", name)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), "string")])
def test_any_text_type_is_a_label(kind: pa.DataType) -> None:
    assert choose_label_column(pa.schema({"label": kind}), "x.parquet") == "label"
    assert choose_label_column(pa.schema({"label": pa.int64(), "text": kind}), "x.parquet", "text") == "text"


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint8(), pa.float64()])
def test_numbers_as_labels_are_refused_with_the_reason(kind: pa.DataType) -> None:
    with pytest.raises(DataError, match=r'x\.parquet holds numbers .* leading zeros are lost \("0012" became 12\)'):
        choose_label_column(pa.schema({"label": kind}), "x.parquet")


def test_labels_of_another_type_or_missing_are_refused() -> None:
    with pytest.raises(DataError, match=r"holds binary in its label column 'label', not text"):
        choose_label_column(pa.schema({"label": pa.binary()}), "x.parquet")
    with pytest.raises(DataError, match=r"has no column 'label'; its columns are text \(string\).*--label-column"):
        choose_label_column(pa.schema({"text": pa.string()}), "x.parquet")

"""Train or test, decided by the picture alone."""

from __future__ import annotations

import hashlib

from PIL import Image

from captcha_core.imaging import load_image

DIGEST_BYTES = 16


def pixel_digest(picture: Image.Image) -> bytes:
    """Return 16 bytes that two pictures share exactly when all their pixels are equal (BLAKE2b).

    Args:
        picture: An RGB picture, as :func:`captcha_core.imaging.load_image` makes it.
    """
    digest = hashlib.blake2b(repr(picture.size).encode(), digest_size=DIGEST_BYTES)
    digest.update(picture.tobytes())
    return digest.digest()


def split_of_digest(digest: bytes, train_fraction: float) -> str:
    """Return ``"train"`` for about that fraction of all digests, ``"test"`` for the others."""
    return "train" if int.from_bytes(digest[:8], "big") < train_fraction * 2**64 else "test"


def split_of(image_bytes: bytes, train_fraction: float) -> str:
    """Return whether a picture belongs to ``"train"`` or ``"test"``.

    The choice hangs on the decoded pixels only: not on the label, the order, a seed or how the file was
    compressed. So equal pictures always fall on the same side, in every data set, and a picture that is in train
    for one fraction is in train for every larger one.

    Args:
        image_bytes: The encoded picture.
        train_fraction: The expected share of train, in 0..1.

    Raises:
        ImageError: If the picture cannot be read.
    """
    return split_of_digest(pixel_digest(load_image(image_bytes)), train_fraction)

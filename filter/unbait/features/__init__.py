"""Segments to arrays: the only feature code, used to train and to serve.

``blocks`` and ``tokens`` split the folded view into hashed words; ``evidence`` turns words into
what stage one counts; ``shape``, ``ties`` and ``layout`` describe a segment, its bonds within the
document and what its page knows of it; ``context`` gathers all of it, neighbours included, for
stage two.
"""

from unbait.features.blocks import Block, token_blocks
from unbait.features.context import context
from unbait.features.evidence import HASH_BITS, Evidence, evidence
from unbait.features.layout import LAYOUT_NAMES, no_layout
from unbait.features.shape import SHAPE_NAMES, shape
from unbait.features.ties import TIE_NAMES, Bonds, bonds, ties
from unbait.features.tokens import BLOCK, Tokens, tokenize

# Raise it whenever a feature changes: models of another version are refused.
FEATURE_VERSION = 4

__all__ = [
    "BLOCK",
    "FEATURE_VERSION",
    "HASH_BITS",
    "LAYOUT_NAMES",
    "SHAPE_NAMES",
    "TIE_NAMES",
    "Block",
    "Bonds",
    "Evidence",
    "Tokens",
    "bonds",
    "context",
    "evidence",
    "no_layout",
    "shape",
    "ties",
    "token_blocks",
    "tokenize",
]

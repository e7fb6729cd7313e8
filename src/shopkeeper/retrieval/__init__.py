"""Retrieval: words, meanings and filters over any set of records that have keys.

In: a query, and its vector where there is an embedder. Out: all hits, the best first, and why. `hybrid.find` is the way
through: `spelling.py` and `sounds.py` (what was probably meant), `words.py` (the tantivy index), `meaning.py` (vectors
in memory), `fusion.py` (both in one order, in each query's own proportion), `feedback.py` (what the first hits have in
common), `cutoff.py` (what is a hit at all), and, where a shop has judgments or clicks, `features.py`, `trees.py` and
`learning.py` (an order learned from them). `columns.py` filters, counts and sorts any set of hits.
"""

"""Independent check of shards: answers recomputed from the stored solids by other code.

Nothing in here may import what made the answers: the measuring code of the scene room, the
catalogue and its solvers, the pair engine, the shard writer (import-linter holds that, indirect
imports too). It reads the Parquet files, and knows what they mean from docs/semantics.md.
"""

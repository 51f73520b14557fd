"""Shards: images with truth, pairs, captions and conversations in Parquet files, written and read.

Write (any number of workers, the same bytes; killed runs go on where they stopped)::

    from deepsight_ros.synthesis.shards.annotations import Annotations, Caption, Conversation
    from deepsight_ros.synthesis.shards.build import build
    from deepsight_ros.synthesis.shards.writer import ShardFormat, ShardJob

    job = ShardJob(source, annotate, "out/vqa", seed=1, count=100_000)
    manifest = build(job, config={"kind": "vqa"}, workers=2)

``source`` is a ``SampleSource`` and ``annotate`` a callable ``(sample, seed) -> Annotations``;
both must be picklable, and what they give may depend on the index (the seed is drawn from the
job's seed and the index) and on nothing else. A source or an annotator that raises a
``DeepsightError`` or ``OSError`` for an index has that index listed in ``broken.jsonl`` and in
the manifest; any other error stops the run.

Read::

    from deepsight_ros.synthesis.shards.reader import ShardSet

    shards = ShardSet("out/vqa", columns=("depth", "pairs"))
    for row in shards.stream(seed=1, epoch=0, rank=0, ranks=1):
        row.depth_m(), row.pairs, row.captions, row.conversations

One row is one image; columns: ``rows.SCHEMA``. Why Parquet and what each file holds:
docs/data_engine.md, "Shards".
"""

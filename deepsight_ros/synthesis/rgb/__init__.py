"""Plain pictures to samples by SpatialVLM's published pipeline; each stage swappable by config."""

"""From an RGB-D frame to a Scene: support plane, objects, regions, colours, stable ids."""

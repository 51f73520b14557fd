"""Task in words -> catalogue questions as tools -> a conclusion with its propagated interval."""

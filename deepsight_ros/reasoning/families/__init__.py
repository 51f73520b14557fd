"""Families of tasks: patterns of words, and how each is worked out with catalogue questions."""

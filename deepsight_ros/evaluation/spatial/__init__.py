"""Spatial VQA benchmark: a model beside measurement, a constant and a blind guesser."""

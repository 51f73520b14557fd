"""Depth Template Benchmark: four multiple-choice tasks, our model beside what needs no model."""

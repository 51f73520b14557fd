"""Fitting what is learnt from simulated worlds."""

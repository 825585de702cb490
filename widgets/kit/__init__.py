"""Shared modules of the instruments: networks, codes, probes, metrics and parts of figures.

An instrument imports from here, from :mod:`widgets.contract` and :mod:`widgets.data`; nothing here
imports an instrument.
"""

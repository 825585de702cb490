"""What instruments share: networks, codes, probes and metrics in NumPy, and the parts of figures.

An instrument imports from here, from :mod:`widgets.contract` and :mod:`widgets.data`; nothing here
imports an instrument.
"""

"""The Python that runs in the page: Pyodide, NumPy and the instruments in one folder."""

"""Python for the page: Pyodide, NumPy and the instruments in one folder."""

"""Everything between app and network: headers, files, errors, logs, limits."""

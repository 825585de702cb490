"""What stands between the app and the wire: headers, files, errors, logs, limits."""

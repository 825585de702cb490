"""What is told when Node fails."""

from app.runtime.scripts import shortened


def test_minified_lines_are_left_out_of_what_node_said():
    said = "node:fs:1\n" + "x=1;" * 300_000 + "\n" + "    at place\n" * 100
    told = shortened(said + "Error: ENOSPC: no space left on device, write\n")
    assert told.endswith("Error: ENOSPC: no space left on device, write")
    assert len(told) < 1_000

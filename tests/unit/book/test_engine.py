"""The JavaScript context of the build and of the judges."""

import subprocess
import sys

# Hundreds of functions leave compiled code, which the garbage collector visits again when the
# context is freed.
PROGRAM = """
from concurrent.futures import ThreadPoolExecutor

from latentbook.book.compose.javascript import open_context

with ThreadPoolExecutor(1) as pool:
    context = pool.submit(open_context).result()
context.eval('''
  const kept = [];
  for (let i = 0; i < 600; i++) {
    const made = new Function("a", `return a + ${i}`);
    for (let j = 0; j < 3000; j++) made(j);
    kept.push(made, new Array(1000).fill(i));
  }
''')
context.close()
"""


def test_a_context_started_in_another_thread_is_freed() -> None:
    """With V8's default flags this crashes on processors with protection keys."""
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)

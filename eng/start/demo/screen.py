"""Words for the terminal, in the manner of eng/lib.sh. On a terminal the line of a running phase is renewed in place."""

import os
import shutil
import sys
import textwrap
import time

IS_TERMINAL = sys.stdout.isatty()
_colours = IS_TERMINAL and not os.environ.get("NO_COLOR")
_started = int(os.environ.get("HEAL_STARTED") or time.time() * 1e6) / 1e6
_INDENT = 22  # of a phase's text


def _style(code, text):
    return f"\033[{code}m{text}\033[0m" if _colours else text


def bold(text):
    return _style("1", text)


def dim(text):
    return _style("2", text)


def green(text):
    return _style("32", text)


def red(text):
    return _style("31", text)


def width():
    return min(shutil.get_terminal_size((110, 24)).columns, 120)


def say(text=""):
    """One line of progress, with the seconds since the script began; an empty one without text."""
    seconds = time.time() - _started
    body = textwrap.wrap(text, max(width() - 10, 40)) or [""]
    print(f"{dim(f'{seconds:6.1f}s')}  {body[0]}" if text else "")
    for line in body[1:]:
        print(" " * 9 + line)
    sys.stdout.flush()


def clean(text):
    """Text from a cluster or an alert must not steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text or "")


def phase(seconds, name, text, colour=bold):
    """A phase and what it found, wrapped under itself."""
    lines = textwrap.wrap(clean(text), max(width() - _INDENT - 1, 30)) or [""]
    print(f"  {dim(f'{seconds:+6.1f}s')}  {colour(f'{name:<9}')}  {lines[0]}".rstrip())
    for line in lines[1:]:
        print(" " * _INDENT + line)
    sys.stdout.flush()


def renew(seconds, name, text):
    """Shows a running phase; the next output replaces it. Nothing without a terminal."""
    if IS_TERMINAL:
        line = f"  {seconds:+6.1f}s  {name:<9}  {clean(text)}"
        line = line if len(line) < width() else line[: width() - 4] + "..."
        print(f"\r\033[K{dim(line)}", end="", flush=True)


def wipe():
    if IS_TERMINAL:
        print("\r\033[K", end="", flush=True)

#!/usr/bin/env python3
"""Reads the TRX files of a test run.

report.py project RESULTS/FORM/NAME    one line about one project
report.py run RESULTS                  every failed test with its message, then the closing line "N passed, N failed"

Counted as failed: a failed test, a skipped one (a missing prerequisite must not look like success), a test host that crashed, hung or
ended with an exit code that its tests do not explain, a form whose set-up failed, and a form in which no test was run.
The exit code of `run` says the same.
"""
import pathlib
import sys
import xml.etree.ElementTree as xml

MESSAGE_LINES = 25
NAMESPACE = {"t": "http://microsoft.com/schemas/VisualStudio/TeamTest/2010"}


def read_project(base):
    """The number of tests that passed, and (test, message) for each that did not. base is the path of the files without suffix."""
    base = pathlib.Path(base)
    passed, failed = 0, []
    code = int(base.with_name(base.name + ".exit").read_text() or 1)
    log = base.with_name(base.name + ".log")
    if base.name == "set-up":
        return 0, [(f"{base.parent.name}: set-up", log.read_text())]
    try:
        results = xml.parse(base.with_name(base.name + ".trx")).getroot().iterfind(".//t:UnitTestResult", NAMESPACE)
    except (OSError, xml.ParseError):
        results = []
        if code == 0:
            code = 1  # a host that ended well has written its results
    for result in results:
        if result.get("outcome") == "Passed":
            passed += 1
            continue
        text = "\n".join(part.text or "" for part in result.iterfind("./t:Output/t:ErrorInfo/*", NAMESPACE))
        text = "\n".join(line for line in text.splitlines() if not line.startswith("   at System.Reflect"))
        if result.get("outcome") == "NotExecuted":
            text = "skipped, which counts as failed. " + (text or (result.findtext("./t:Output/t:StdOut", "", NAMESPACE)))
        failed.append((result.get("testName"), text))
    if code != 0 and not failed:
        reason = {124: "ran into the time limit", 137: "was killed at the time limit"}.get(code, f"crashed or hung (exit code {code})")
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-MESSAGE_LINES:])
        failed.append((base.name, f"the test host {reason}; the end of {log}:\n{tail}"))
    return passed, failed


def line_of(base):
    passed, failed = read_project(base)
    return f"{pathlib.Path(base).name}: {passed} passed" + (f", {len(failed)} FAILED" if failed else "")


def report_form(form):
    """Prints the failures of one form of the run. A form without tests is one."""
    passed, failed = 0, 0
    for exit_file in sorted(form.glob("*.exit")):
        base = exit_file.with_suffix("")
        its_passed, its_failed = read_project(base)
        passed += its_passed
        failed += len(its_failed)
        for test, message in its_failed:
            lines = message.strip().splitlines()
            more = [f"... {len(lines) - MESSAGE_LINES} more lines in {base}.trx"] if len(lines) > MESSAGE_LINES else []
            print(f"\nFAILED  {test}")
            for line in lines[:MESSAGE_LINES] + more:
                print("    " + line)
    if passed + failed == 0:
        failed = 1
        print(f"\nFAILED  {form.name}: no test was run")
    return passed, failed


def report(folder):
    passed, failed = 0, 0
    forms = sorted(form for form in pathlib.Path(folder).iterdir() if form.is_dir())
    for form in forms:
        form_passed, form_failed = report_form(form)
        passed += form_passed
        failed += form_failed
    if not forms:
        failed = 1
        print("\nFAILED  no test was run")
    print(f"\n{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("project", "run"):
        sys.exit(__doc__)
    if sys.argv[1] == "project":
        print(line_of(sys.argv[2]))
    else:
        sys.exit(report(sys.argv[2]))

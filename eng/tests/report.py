#!/usr/bin/env python3
"""Reads the TRX files of a test run.

report.py project RESULTS/FORM/NAME    one line about one project
report.py failed RESULTS/FORM LIMIT    for each project with failed tests its name, a tab, and the filter that runs their methods again;
                                       nothing when there are more than LIMIT of them, or when a test host did not end well
report.py run RESULTS                  every failed test with its message, how long each scenario took from its fault to its end, and the
                                       closing line "N passed, N failed"

Counted as failed: a failed test, a skipped one (a missing prerequisite must not look like success), a test host that crashed, hung or
ended with an exit code that its tests do not explain, a form whose set-up failed, and a form in which no test was run.
The exit code of `run` says the same.

A scenario is a line "fault to healed: NAME: ... OUTCOME after N s" that a test writes. Its time is for people to read beside the reach
of the project: it depends on the machine and on what else runs there, and nothing passes or fails by it.

A test that failed and passed when it was run again, alone (NAME.again.trx), counts as passed and is reported as UNSTEADY, with the message
of its failure: see docs/decisions/0019-second-tries.md. Tests of RUNS_OF_CHANCE are not run again.
"""
import pathlib
import re
import statistics
import sys
import xml.etree.ElementTree as xml

MESSAGE_LINES = 25
# What these do is drawn anew each time: that another run finds nothing takes nothing back.
RUNS_OF_CHANCE = {"DurableTask.Kills", "DurableTask.Simulation"}
SCENARIO = re.compile(r"^fault to healed: (?P<name>[^:]+): (?P<course>.*?)(?P<outcome>\w+) after (?P<seconds>[0-9.]+) s", re.MULTILINE)
REACH = {"crashloop": 60, "stuck-rollout": 60}
REACH_OF_MEDIAN = 120
NAMESPACE = {"t": "http://microsoft.com/schemas/VisualStudio/TeamTest/2010"}


def read_results(trx):
    """(test, message) of each result of a TRX file; the message is None for a test that passed. None where the file is not whole."""
    try:
        results = xml.parse(trx).getroot().iterfind(".//t:UnitTestResult", NAMESPACE)
    except (OSError, xml.ParseError):
        return None
    return [(result.get("testName"), message_of(result)) for result in results]


def message_of(result):
    if result.get("outcome") == "Passed":
        return None
    text = "\n".join(part.text or "" for part in result.iterfind("./t:Output/t:ErrorInfo/*", NAMESPACE))
    text = "\n".join(line for line in text.splitlines() if not line.startswith("   at System.Reflect"))
    if result.get("outcome") == "NotExecuted":
        text = "skipped, which counts as failed. " + (text or (result.findtext("./t:Output/t:StdOut", "", NAMESPACE)))
    return text


def read_project(base):
    """The number of tests that passed, (test, message) for each that did not, and the same for each that passed only when run again. base
    is the path of the files without suffix."""
    base = pathlib.Path(base)
    code = int(base.with_name(base.name + ".exit").read_text() or 1)
    log = base.with_name(base.name + ".log")
    if base.name == "set-up":
        return 0, [(f"{base.parent.name}: set-up", log.read_text())], []
    results = read_results(base.with_name(base.name + ".trx"))
    if results is None and code == 0:
        code = 1  # a host that ended well has written its results
    results = results or []
    passed = sum(message is None for _, message in results)
    failed = [(test, message) for test, message in results if message is not None]
    if code != 0 and not failed:
        reason = {124: "ran into the time limit", 137: "was killed at the time limit"}.get(code, f"crashed or hung (exit code {code})")
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-MESSAGE_LINES:])
        failed.append((base.name, f"the test host {reason}; the end of {log}:\n{tail}"))
    again = {test for test, message in read_results(base.with_name(base.name + ".again.trx")) or [] if message is None}
    unsteady = [(test, message) for test, message in failed if test in again]
    return passed + len(unsteady), [(test, message) for test, message in failed if test not in again], unsteady


def to_try_again(form, limit):
    """(project, names of methods) of the failed tests of a form; nothing when they are more than noise can explain."""
    found, count = [], 0
    for exit_file in sorted(pathlib.Path(form).glob("*.exit")):
        base = exit_file.with_suffix("")
        _, failed, _ = read_project(base)
        tests = {test for test, _ in read_results(base.with_name(base.name + ".trx")) or []}
        if any(test not in tests for test, _ in failed):
            return []  # a host that crashed, hung or could not be set up
        count += len(failed)
        if failed and base.name not in RUNS_OF_CHANCE:
            found.append((base.name, sorted({test.split("(")[0] for test, _ in failed})))
    return found if count <= limit else []


def line_of(base):
    passed, failed, _ = read_project(base)
    return f"{pathlib.Path(base).name}: {passed} passed" + (f", {len(failed)} FAILED" if failed else "")


def show(word, tests, base):
    for test, message in tests:
        lines = message.strip().splitlines()
        more = [f"... {len(lines) - MESSAGE_LINES} more lines in {base}.trx"] if len(lines) > MESSAGE_LINES else []
        print(f"\n{word}  {test}")
        for line in lines[:MESSAGE_LINES] + more:
            print("    " + line)


def report_form(form):
    """Prints what failed, or passed only when run again, in one form of the run. A form without tests is a failure."""
    passed, failed, unsteady = 0, 0, 0
    for exit_file in sorted(form.glob("*.exit")):
        base = exit_file.with_suffix("")
        its_passed, its_failed, its_unsteady = read_project(base)
        passed += its_passed
        failed += len(its_failed)
        unsteady += len(its_unsteady)
        show("UNSTEADY", its_unsteady, base)
        show("FAILED", its_failed, base)
    if passed + failed == 0:
        failed = 1
        print(f"\nFAILED  {form.name}: no test was run")
    return passed, failed, unsteady


def scenarios_of(trx):
    """(name, course, outcome, seconds) of each scenario that a test told of in a TRX file."""
    try:
        outputs = xml.parse(trx).getroot().iterfind(".//t:UnitTestResult/t:Output/t:StdOut", NAMESPACE)
    except (OSError, xml.ParseError):
        return []
    return [(found["name"], found["course"], found["outcome"], float(found["seconds"]))
            for output in outputs for found in SCENARIO.finditer(output.text or "")]


def report_scenarios(forms):
    """Prints how long each scenario took, the quickest first, and the median of those that ended healed. One that was run again is shown as
    often as it was run."""
    found = [scenario for form in forms for trx in sorted(form.glob("*.trx")) for scenario in scenarios_of(trx)]
    if not found:
        return
    print("\nFrom the fault to the end of the incident:")
    for name, course, outcome, seconds in sorted(found, key=lambda scenario: scenario[3]):
        reach = f" (reach {REACH[name]} s)" if name in REACH else ""
        print(f"    {seconds:7.1f} s  {outcome:<10} {name}{reach}: {course.strip(' ,;')}")
    healed = [seconds for _, _, outcome, seconds in found if outcome == "Healed"]
    if healed:
        print(f"    {statistics.median(healed):7.1f} s  median of the {len(healed)} that were healed (reach {REACH_OF_MEDIAN} s)")


def report(folder):
    passed, failed, unsteady = 0, 0, 0
    forms = sorted(form for form in pathlib.Path(folder).iterdir() if form.is_dir())
    for form in forms:
        form_passed, form_failed, form_unsteady = report_form(form)
        passed += form_passed
        failed += form_failed
        unsteady += form_unsteady
    if not forms:
        failed = 1
        print("\nFAILED  no test was run")
    report_scenarios(forms)
    if unsteady:
        print(f"\n{unsteady} of those that passed failed first: each is a defect, of the test or of what it tests")
    print(f"\n{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["project", base]:
            print(line_of(base))
        case ["failed", form, limit]:
            for project, methods in to_try_again(form, int(limit)):
                print(project + "\t" + "|".join(f"FullyQualifiedName={method}" for method in methods))
        case ["run", results]:
            sys.exit(report(results))
        case _:
            sys.exit(__doc__)

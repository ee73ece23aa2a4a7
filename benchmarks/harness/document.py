# SPDX-License-Identifier: Apache-2.0
"""docs/*.md: the text of each benchmarks/*.md.in, with the results put in; those not measured anew stay."""

import os
import re
import shutil
import textwrap

import results
import targets
from processes import ROOT, say

TEMPLATES = ROOT / "benchmarks"
DOCUMENTS = ROOT / "docs"
CHARTS = ROOT / "docs/benchmarks"
BEGIN, END = "<!-- results of %s -->", "<!-- end of %s -->"


def write(benchmarks, quick):
    """Quick results make documents beside them, to show that they can be made."""
    for template in sorted(TEMPLATES.glob("*.md.in")):
        write_one(template, benchmarks, quick)


def write_one(template, benchmarks, quick):
    source = results.folder(quick)
    document = (source if quick else DOCUMENTS) / template.name.removesuffix(".in")
    charts = source if quick else CHARTS

    before = sections(document.read_text()) if document.exists() else {}

    def section(match):
        name = match[1]
        return f"{BEGIN % name}\n{results_of(name)}\n{END % name}"

    def results_of(name):
        if not (source / f"{name}.json").exists():
            return before.get(name, f"Not measured yet: `benchmarks/run.sh {name}`.")
        chart = source / f"{name}.svg"
        if chart.parent != charts:
            charts.mkdir(exist_ok=True)
            shutil.copyfile(chart, charts / chart.name)
        picture = os.path.relpath(charts / chart.name, document.parent)
        return render(name, benchmarks[name], results.read(name, quick), picture)

    text = re.sub(r"^<!-- results of (\w+) -->$", section, template.read_text(), flags=re.MULTILINE)
    document.write_text(text)
    say(f"written: {os.path.relpath(document, ROOT)}")


def sections(text):
    """The results that a document holds, by benchmark."""
    pattern = BEGIN % r"(\w+)" + r"\n(.*?)\n" + END % r"\1"
    return {name: body for name, body in re.findall(pattern, text, flags=re.DOTALL)}


def render(name, benchmark, result, picture):
    machine = result["machine"]
    quiet = "" if result["machine_was_quiet"] else " **The machine was not quiet: do not trust these.**"
    parts = [
        f"`{result['command']}`, {machine['date']}, on {machine['cpu']}, {machine['cores']} cores;"
        f" {'; '.join(machine['jdk'])}; {machine['os']}.{quiet}",
        f"![{name}]({picture})",
    ]
    for caption, header, rows in benchmark.tables(result["figures"]):
        if rows:
            parts.append(f"{caption}:" if caption else "")
            parts.append("\n".join([line(header), line(["---"] * len(header)), *map(line, rows)]))
    summary = judged(name, result["figures"])
    if summary:
        parts.append(summary)
    return "\n\n".join(wrapped(part) for part in parts if part)


def wrapped(part):
    """Tables and pictures stay as they are."""
    if part.startswith(("|", "![")):
        return part
    return textwrap.fill(part, width=120, break_long_words=False, break_on_hyphens=False)


def line(cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def judged(benchmark, figures):
    verdicts = {name: targets.verdict(benchmark, name, figures) for name in figures}
    of = {word: [name for name, verdict in verdicts.items() if verdict.endswith(word)]
          for word in ("met", "missed", "inconclusive")}
    if not any(of.values()):
        return ""
    names = ": " + ", ".join(f"`{name}`" for name in of["missed"]) if of["missed"] else ""
    return f"Targets met: {len(of['met'])}; inconclusive: {len(of['inconclusive'])}; missed: {len(of['missed'])}{names}."

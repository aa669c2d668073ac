"""What the lints share: the files of the repository, and the way a lint ends."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROSE = (".md", ".h", ".cc", ".py", ".sh", ".cmake")  # where people write sentences


def files(*endings):
    """Tracked files and new ones that git does not ignore, relative to ROOT; all, or those with these endings."""
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                         capture_output=True, text=True).stdout
    names = sorted(set(out.split("\0")) - {""})
    return [n for n in names if (not endings or n.endswith(endings)) and (ROOT / n).is_file()]


def finish(checked, what, faults):
    """Prints the verdict and exits. Nothing checked is a fault: then the lint itself is broken."""
    for fault in faults:
        print(fault)
    print(f"{checked} {what}, {len(faults)} faults")
    sys.exit(1 if faults or not checked else 0)

"""Whether two sheets say the same of the same secrets: `same_rows.py OURS THEIRS PAIRS`. Order doesn't matter."""

import csv
import sys


def read(path):
    """The pairs of secret and dependent, and the secrets without any."""
    pairs, unused = [], set()
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["dependent_id"]:
                pairs.append("\0".join((row["secret_id"], row["dependent_type"], row["dependent_id"])))
            else:
                unused.add((row["secret_id"], row["verdict"]))
    return pairs, unused


ours, theirs = read(sys.argv[1]), read(sys.argv[2])
for name, pairs in ("ours", ours[0]), ("theirs", theirs[0]):
    if not len(set(pairs)) == len(pairs) == int(sys.argv[3]):
        sys.exit(f"{name} has {len(pairs)} pairs, {len(set(pairs))} different ones, of {sys.argv[3]}")
missing, further = set(ours[0]) - set(theirs[0]), set(theirs[0]) - set(ours[0])
if missing or further or ours[1] != theirs[1]:
    examples = [one.split("\0") for one in [*missing, *further][:4]]
    sys.exit(f"{sys.argv[2]}: {len(missing)} pairs missing, {len(further)} too many, unused: "
             f"{len(ours[1])} and {len(theirs[1])}; {examples}")

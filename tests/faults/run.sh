#!/usr/bin/env bash
# run.sh SUITE SEEDS: the black-box fault suite (tailfault.py, httpabuse.py) against `tocsin run` on PATH.
set -euo pipefail
suite=${1:?folder of the suite} seeds=${2:-25}
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -f "$suite/tailfault.py" ]; then
  echo "the fault suite is not at $suite: set FAULT_SUITE to its folder" >&2
  exit 2
fi
python "$suite/tailfault.py" --subject "$here/subject-tocsin.json" --case all,-chaos
python "$suite/tailfault.py" --subject "$here/subject-tocsin.json" --case chaos --repeat "$seeds"
python "$suite/httpabuse.py" --profile "$here/profile-tocsin.json" --fresh

#!/usr/bin/env bash
# run.sh SUITE SEEDS: the black-box fault suite (tailfault.py, httpabuse.py) against `tocsin run` on PATH.
set -euo pipefail
suite=${1:?folder of the suite} seeds=${2:-25}
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -f "$suite/tailfault.py" ]; then
  echo "the fault suite is not at $suite: set FAULT_SUITE to its folder" >&2
  exit 2
fi
subject=$(mktemp --suffix .json)
trap 'rm -f "$subject"' EXIT
# By its whole path: one case runs as another user, who may not be able to search the folders of PATH.
sed "s|\"python\"|\"$(command -v python)\"|" "$here/subject-tocsin.json" >"$subject"
failed=0  # one case that fails keeps none of the others from being run
python "$suite/tailfault.py" --subject "$subject" --case all,-chaos || failed=1
python "$suite/tailfault.py" --subject "$subject" --case chaos --repeat "$seeds" || failed=1
python "$suite/httpabuse.py" --profile "$here/profile-tocsin.json" --fresh || failed=1
exit "$failed"

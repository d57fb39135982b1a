#!/bin/sh
# Print the Pythons that can hold jaxtour, newest first: version, a tab, path; one for each minor version.
#
# A name on PATH may be a pyenv shim that only says which versions have it, so each candidate has to run.
# Without ensurepip (Debian's python3 lacks it until python3-venv is installed) there would be no environment.
set -u

candidates() {
	old_ifs=$IFS
	IFS=:
	for folder in $PATH; do
		for name in python3.14 python3.13 python3.12 python3.11 python3; do
			[ -x "$folder/$name" ] && echo "$folder/$name"
		done
	done
	IFS=$old_ifs
	for root in "${PYENV_ROOT:-${HOME:-/}/.pyenv}/versions" "${UV_PYTHON_INSTALL_DIR:-${HOME:-/}/.local/share/uv/python}"; do
		for python in "$root"/*/bin/python3; do
			[ -x "$python" ] && echo "$python"
		done
	done
}

candidates | while read -r python; do
	"$python" - <<'EOF' 2>/dev/null
import sys

if (3, 11) <= sys.version_info[:2] <= (3, 14) and sys.implementation.name == "cpython":
    import ensurepip, venv  # noqa: E401, F401

    print(sys.version_info[1], "%d.%d.%d" % sys.version_info[:3], getattr(sys, "_base_executable", sys.executable), sep="\t")
EOF
done | awk -F '\t' '!seen[$1]++' | sort -t "$(printf '\t')" -k1,1nr | cut -f2,3

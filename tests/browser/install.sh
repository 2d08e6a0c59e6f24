#!/usr/bin/env bash
# What the browser tests need beside requirements-dev.txt: Chromium, and axe-core from npm at the version and checksum in
# package-lock.json. `make test-browser` calls this. Root on Debian gets what is missing; others are told its name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# need WHAT PACKAGE COMMAND...: installs the package unless one of the commands is there.
need() {
  local what=$1 package=$2 command
  shift 2
  for command; do
    if command -v "$command" >/dev/null; then return; fi
  done
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update --quiet=2
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "$package"
  else
    echo "error: the browser tests need $what; on Debian: sudo apt-get install $package" >&2
    exit 2
  fi
}

need Chromium chromium chromium chromium-browser google-chrome
if [ ! -f node_modules/axe-core/axe.min.js ] || [ package-lock.json -nt node_modules/axe-core/axe.min.js ]; then
  need npm npm npm
  npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
  touch node_modules/axe-core/axe.min.js
fi

#!/bin/sh
# Installs what the tests need from outside Python: OpenSSH and OpenSSL for signatures and time stamps, Chromium for browser tests, Node for outside validators,
# PostgreSQL and Java (for Spark) for the engines that KPIs are computed on.
# Where it may not install (no root, no apt) it says what is missing; the tests then skip, except in CI.
set -eu
cd "$(dirname "$0")/.."
missing=""
if ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1 && ! command -v google-chrome >/dev/null 2>&1; then
    missing="chromium"
fi
command -v npm >/dev/null 2>&1 || missing="$missing nodejs npm"
command -v ssh-keygen >/dev/null 2>&1 || missing="$missing openssh-client"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
{ command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; } || missing="$missing postgresql"
command -v java >/dev/null 2>&1 || missing="$missing default-jre-headless"
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing$([ -z "${missing# }" ] || echo " $missing") ..."
        apt-get update -qq
        # shellcheck disable=SC2086 - a list of names
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    else
        echo "Missing: $missing. Install with your package manager to run the tests that need them."
    fi
fi
if command -v npm >/dev/null 2>&1 && [ -f tests/npm/package.json ] && { [ ! -f tests/npm/node_modules/.ready ] || [ tests/npm/package.json -nt tests/npm/node_modules/.ready ]; }; then
    echo "Installing outside validators ..."
    (cd tests/npm && npm install --ignore-scripts --no-package-lock --no-audit --no-fund --silent && touch node_modules/.ready)
fi

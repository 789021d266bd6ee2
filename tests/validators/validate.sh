#!/usr/bin/env bash
# Asks two readers of GitLab pipelines that are not ours: gitlab-ci-local and GitLab's own schema.
#
#   validate.sh FOLDER...     each FOLDER is the root of a repository with a .gitlab-ci.yml
#
# Exit: 0 all accepted; 1 one was refused, with what was said of it on stderr; 2 bad usage; 77 the tools are not there.
# One line a folder on stdout: `accepted: FOLDER` or `refused: FOLDER`. The folders themselves are not written to.
#
# The tools are looked for in $CI_MIGRATE_TOOLS (.ci/run installs them there), then on the PATH.
# Includes must be local: gitlab-ci-local fetches others.
set -euo pipefail

if [ $# -eq 0 ]; then
    echo "usage: $0 FOLDER..." >&2
    exit 2
fi
for folder in "$@"; do
    if [ ! -d "$folder" ]; then
        echo "$0: not a folder: $folder" >&2
        exit 2
    fi
done

tools="${CI_MIGRATE_TOOLS:-${HOME:-/nonexistent}/.cache/ci-migrate-tools}"
PATH="$tools/node_modules/.bin:$tools/venv/bin:$PATH"
for tool in git gitlab-ci-local check-jsonschema; do
    if ! "$tool" --version >/dev/null 2>&1; then
        echo "skipped: $tool does not run here (.ci/run installs it)" >&2
        exit 77
    fi
done

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Neither the settings of whoever runs this nor their pipeline: the answer is to be the same everywhere.
while IFS='=' read -r name _; do
    case "$name" in CI | CI_* | GITLAB_* | GCL_* | GIT_*) unset "$name" ;; esac
done < <(env | grep -E '^[A-Za-z_][A-Za-z0-9_]*=')
export HOME="$work/home" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null NO_COLOR=1 FORCE_COLOR=0
mkdir "$HOME"

# A repository as gitlab-ci-local wants it: a name, a commit, and a branch of the remote to compare it with.
repository() { # FROM TO
    mkdir "$2"
    cp -R "$1/." "$2"
    rm -rf "$2/.git" "$2/.gitlab-ci-local"
    cd "$2"
    git init --quiet --initial-branch=main
    git config user.name test
    git config user.email test@example.com
    git config core.autocrlf false
    git add --all --force
    git commit --quiet --allow-empty --message='as it is'
    git remote add origin git@example.com:group/project.git
    git update-ref refs/remotes/origin/main HEAD
    git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main
}

# No pipeline takes a minute; one made to take for ever is refused.
limit=()
if command -v timeout >/dev/null; then limit=(timeout 60); fi
export NODE_OPTIONS=--max-old-space-size=512

# The first reader: in $work/N, what it was given and what it said; `refused` is empty when it has accepted it.
# `changes` are taken as met, so that every job is looked at, and each name in `needs` looked up.
gitlab_ci_local() { # N FOLDER
    local out="$work/$1" what
    mkdir "$out"
    echo "--- no copy could be made of $2" >"$out/refused"
    repository "$2" "$out/repository"
    for what in --list --preview; do
        if ! ${limit[@]+"${limit[@]}"} gitlab-ci-local --ignore-predefined-vars CI --evaluate-rule-changes=false \
            "$what" >"$out/printed" 2>"$out/said" </dev/null || [ ! -s "$out/printed" ]; then
            { echo "--- gitlab-ci-local $what on $2" && cat "$out/said" "$out/printed"; } >"$out/refused"
            return
        fi
    done
    # Warnings come before the document.
    sed -n '/^---$/,$p' "$out/printed" >"$out/preview.yml"
    : >"$out/refused"
}

# The second reader: the merged configuration, and the file as it is written.
schema() { # FILE...
    check-jsonschema --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci "$@" </dev/null 2>&1
}

folders=("$@")
for at in "${!folders[@]}"; do
    gitlab_ci_local "$at" "${folders[$at]}" &
    # Two at a time: each is a start of Node.
    if [ $((at % 2)) = 1 ]; then wait; fi
done
wait

files=()
for at in "${!folders[@]}"; do
    if [ ! -s "$work/$at/refused" ]; then
        files+=("$work/$at/preview.yml" "$work/$at/repository/.gitlab-ci.yml")
    fi
done
# One start for all of them; one by one only to find out which it was.
if [ ${#files[@]} -gt 0 ] && ! schema "${files[@]}" >/dev/null; then
    for at in "${!folders[@]}"; do
        for file in preview.yml repository/.gitlab-ci.yml; do
            if [ ! -s "$work/$at/refused" ] && ! schema "$work/$at/$file" >"$work/said"; then
                { echo "--- GitLab's schema on $file of ${folders[$at]}" && cat "$work/said"; } >"$work/$at/refused"
            fi
        done
    done
fi

status=0
for at in "${!folders[@]}"; do
    if [ -s "$work/$at/refused" ]; then
        echo "refused: ${folders[$at]}"
        cat "$work/$at/refused" >&2
        status=1
    else
        echo "accepted: ${folders[$at]}"
    fi
done
exit $status

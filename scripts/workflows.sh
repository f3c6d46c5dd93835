#!/bin/sh
# Copies the bundled examples into a git repository that is the user's own; one that is there already is kept.
#
# The first commit is made with an identity of this repository, so that git needs no configuration beforehand.
set -eu
target=$1
cd "$(dirname "$0")/.."

if [ -e "$target" ]; then
    # Its own .git, because this checkout around it is a repository too.
    [ -e "$target/.git" ] && git -C "$target" rev-parse --verify --quiet HEAD >/dev/null 2>&1 && exit 0
    echo "$target exists but is no git repository with a commit. Move it away, or: make up WORKFLOWS=other-folder" >&2
    exit 1
fi

echo "Copying examples/ to $target, a git repository of your own"
unfinished="$target.unfinished"
rm -rf "$unfinished"
cp -R examples "$unfinished"
git -c init.defaultBranch=main init --quiet "$unfinished"
git -C "$unfinished" config user.name >/dev/null || git -C "$unfinished" config user.name "Windlass user"
git -C "$unfinished" config user.email >/dev/null || git -C "$unfinished" config user.email "user@localhost"
git -C "$unfinished" add --all
git -C "$unfinished" -c commit.gpgSign=false commit --quiet --message "Start from the Windlass examples"
mv "$unfinished" "$target"

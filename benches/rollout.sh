#!/bin/sh
# What a rollout costs beside the bare git commands that it cannot do without: one filtered fetch, one `git fast-import` of the file as it
# is but for a comment, one push. The same repositories in one run, over `git daemon` on the loopback, at 1 and 4 workers.
#
#   cargo build --release && sh benches/rollout.sh [REPOSITORIES]
set -eu
cd "$(dirname "$0")/.."
program=$PWD/target/release/ci-migrate
sample=$PWD/testdata/pipelines/monorepo
count=${1:-40}
place=$(mktemp -d)
port=${PORT:-29418}
trap 'kill "$daemon" 2>/dev/null || true; rm -rf "$place"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.com
export XDG_STATE_HOME="$place/state" place port

cp -R "$sample" "$place/work"
git -C "$place/work" init -q -b main
git -C "$place/work" add -A
git -C "$place/work" commit -q -m before
mkdir "$place/srv"
for number in $(seq "$count"); do
  git clone -q --bare "$place/work" "$place/srv/$number.git"
  git -C "$place/srv/$number.git" config uploadpack.allowFilter true
  echo "git://127.0.0.1:$port/$number.git"
done > "$place/list"
"$(git --exec-path)/git-daemon" --reuseaddr --listen=127.0.0.1 --port="$port" --base-path="$place/srv" --export-all --enable=receive-pack \
  "$place/srv" 2>/dev/null &
daemon=$!
sleep 1

cat > "$place/bare" <<'BARE'
#!/bin/sh
set -eu
branch=$1 url=$2
dir=$(mktemp -d "$place/scratch.XXXXXX")
mkdir -p "$dir/objects" "$dir/refs/heads"
echo "ref: refs/heads/none" > "$dir/HEAD"
printf '[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tpartialClone = origin\n[remote "origin"]\n\tpromisor = true\n\turl = %s\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n' "$url" > "$dir/config"
cd "$dir"
export GIT_NO_LAZY_FETCH=1
git fetch --quiet --no-tags --no-write-fetch-head --depth=1 --filter=combine:tree:2+blob:limit=128k origin "+HEAD:refs/x/base" "+refs/heads/$branch*:refs/x/there*"
base=$(cat refs/x/base)
git cat-file blob "$base:.gitlab-ci.yml" > text
echo "# touched" >> text
commit=$( { printf 'feature done\ncommit refs/x/made\nmark :1\ncommitter A <a@example.com> 1700000000 +0000\ndata 5\ntouch\nfrom %s\nM 100644 inline .gitlab-ci.yml\ndata %s\n' "$base" "$(wc -c < text)"; cat text; printf '\nget-mark :1\ndone\n'; } | git -c fastimport.unpackLimit=0 fast-import --quiet)
git push --quiet --no-verify "--force-with-lease=refs/heads/$branch:" origin "$commit:refs/heads/$branch"
cd / && rm -rf "$dir"
BARE
chmod +x "$place/bare"

now() { date +%s%N; }
for workers in 1 4; do
  for round in 1 2 3; do
    start=$(now)
    xargs -P "$workers" -n 1 "$place/bare" "bare-$workers-$round" < "$place/list"
    middle=$(now)
    "$program" rollout --quiet --from "$place/list" --yes --jobs "$workers" --branch "ours-$workers-$round" > "$place/table"
    end=$(now)
    [ "$(grep -c ' migrated ' "$place/table")" -eq "$count" ] || { cat "$place/table"; exit 1; }
    echo "$workers workers, round $round: bare $(((middle - start) / 1000000)) ms, rollout $(((end - middle) / 1000000)) ms," \
      "ratio $(((end - middle) * 100 / (middle - start))) %"
  done
done

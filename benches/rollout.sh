#!/bin/sh
# What a rollout costs beside the bare git commands that it cannot do without: one filtered fetch, one `git cat-file`, one `git fast-import`
# of the file as it is but for a comment, one push; and where the pipeline's Dockerfiles are below the root, a second fetch for them. The same
# repositories in one run, over `git daemon` on the loopback, at 1, 4 and 8 workers. No two repositories have the same text. Of ten, eight are
# small, one holds 2 MB, one 5,000 files and a history of 30 MB.
#
#   cargo build --release && sh benches/rollout.sh [REPOSITORIES] [ROUNDS]
#
# The bytes are those of the loopback; where others use it too, begin with: unshare -n sh -c 'ip link set lo up; exec sh benches/rollout.sh'
set -eu
cd "$(dirname "$0")/.."
program=${PROGRAM:-$PWD/target/release/ci-migrate}
sample=$PWD/testdata/pipelines/monorepo
count=${1:-200}
rounds=${2:-3}
place=$(mktemp -d)
port=${PORT:-29418}
daemon=
trap 'kill $daemon 2>/dev/null || true; rm -rf "$place"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.com
export XDG_STATE_HOME="$place/state" TMPDIR="$place" place

# A pipeline whose files are all at the root, and one whose Dockerfiles are below it.
mkdir -p "$place/flat" "$place/srv"
cp -R "$sample" "$place/deep"
printf 'FROM alpine\nCOPY . /\n' > "$place/flat/Dockerfile"
cat > "$place/flat/.gitlab-ci.yml" <<'PIPELINE'
stages: [build, test]
variables: { DOCKER_TLS_CERTDIR: "/certs" }
# Builds the image of harbour and pushes it.
build image:
  stage: build
  image: docker:29
  services: [docker:29-dind]
  before_script:
    - docker login -u "$CI_REGISTRY_USER" -p "$CI_REGISTRY_PASSWORD" "$CI_REGISTRY"
  script:
    - docker build -t "$CI_REGISTRY_IMAGE/harbour:$CI_COMMIT_SHA" .
    - docker push "$CI_REGISTRY_IMAGE/harbour:$CI_COMMIT_SHA"
test:
  stage: test
  image: alpine
  script: [./test harbour]
PIPELINE
for kind in flat deep; do
  git -C "$place/$kind" init -q -b main
  # Nothing is tidied up behind the back of a copy.
  git -C "$place/$kind" config gc.auto 0
  git -C "$place/$kind" config maintenance.auto false
  git -C "$place/$kind" add -A
  git -C "$place/$kind" commit -q -m small
  git clone -q --bare "$place/$kind" "$place/$kind-small"
  head -c 2000000 /dev/urandom > "$place/$kind/asset"
  git -C "$place/$kind" add -A
  git -C "$place/$kind" commit -q -m middle
  git clone -q --bare "$place/$kind" "$place/$kind-middle"
  for version in 1 2 3; do
    for folder in $(seq 50); do
      mkdir -p "$place/$kind/source/$folder"
      (cd "$place/$kind/source/$folder" && head -c 200000 /dev/urandom | split -b 2000 -a 2 -d - f)
    done
    git -C "$place/$kind" add -A
    git -C "$place/$kind" commit -q -m "large $version"
  done
  git clone -q --bare "$place/$kind" "$place/$kind-large"
  for number in $(seq "$count"); do
    size=small
    case $((number % 10)) in 8) size=middle ;; 9) size=large ;; esac
    bare=$place/srv/$kind-$number.git
    git clone -q --bare "$place/$kind-$size" "$bare"
    git -C "$bare" config uploadpack.allowFilter true
    git -C "$bare" cat-file blob main:.gitlab-ci.yml | sed "s/harbour/harbour$number/g; 1s/^/# Number $number of many\n/" > "$place/text"
    {
      printf 'commit refs/heads/main\ncommitter A <a@example.com> 1700000000 +0000\ndata 1\n1\nfrom refs/heads/main^0\nM 100644 inline .gitlab-ci.yml\ndata %s\n' \
        "$(wc -c < "$place/text")"
      cat "$place/text"
    } | git -C "$bare" -c fastimport.unpackLimit=0 fast-import --quiet
    echo "git://127.0.0.1:$port/$kind-$number.git"
  done > "$place/list-$kind"
done
"$(git --exec-path)/git-daemon" --reuseaddr --listen=127.0.0.1 --port="$port" --base-path="$place/srv" --export-all --enable=receive-pack \
  "$place/srv" 2> /dev/null &
daemon=$!
sleep 1

cat > "$place/bare" <<'BARE'
#!/bin/sh
set -eu
branch=$1 kind=$2 url=$3
dir=$place/scratch.$$
mkdir -p "$dir/objects" "$dir/refs/heads"
echo "ref: refs/heads/none" > "$dir/HEAD"
printf '[core]\n\trepositoryformatversion = 1\n\tbare = true\n\tfsync = none\n[extensions]\n\tpartialClone = origin\n[remote "origin"]\n\tpromisor = true\n\turl = %s\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n' "$url" > "$dir/config"
cd "$dir"
export GIT_NO_LAZY_FETCH=1
git fetch --quiet --no-tags --no-write-fetch-head --depth=1 --filter=combine:tree:2+blob:limit=128k origin "+HEAD:refs/x/base" "+refs/heads/$branch*:refs/x/there*"
read -r base < refs/x/base
if [ "$kind" = deep ]; then
  git rev-parse "$base:backend/Dockerfile" "$base:portal/Dockerfile" "$base:schemas/Dockerfile" "$base:web-sdk/Dockerfile" "$base:e2e-tests/Dockerfile" |
    git -c fetch.negotiationAlgorithm=noop fetch --quiet --no-tags --no-write-fetch-head --filter=tree:1 --stdin origin
fi
git cat-file blob "$base:.gitlab-ci.yml" > text
echo "# touched" >> text
commit=$( { printf 'feature done\ncommit refs/x/made\nmark :1\ncommitter A <a@example.com> 1700000000 +0000\ndata 5\ntouch\nfrom %s\nM 100644 inline .gitlab-ci.yml\ndata %s\n' "$base" "$(wc -c < text)"; cat text; printf '\nget-mark :1\ndone\n'; } | git -c fastimport.unpackLimit=0 fast-import --quiet)
git push --quiet --no-verify "--force-with-lease=refs/heads/$branch:" origin "$commit:refs/heads/$branch"
cd / && rm -rf "$dir"
BARE
chmod +x "$place/bare"

now() { date +%s%N; }
moved() { awk '$1 == "lo:" { print $2; found = 1 } END { if (!found) print 0 }' /proc/net/dev; }
# Runs a rollout, and prints the most memory that it had.
memory() {
  "$program" rollout --quiet --from "$1" --yes --jobs 4 --branch "$2" > "$place/table" &
  of=$!
  most=0
  while most=$(awk '/VmHWM/ { print $2 }' "/proc/$of/status" 2> /dev/null) && [ -n "$most" ]; do
    last=$most
    sleep 0.05
  done
  wait "$of"
  echo "$last"
}

for kind in flat deep; do
  for workers in 1 4 8; do
    for round in $(seq "$rounds"); do
      start=$(now) first=$(moved)
      xargs -P "$workers" -n 1 "$place/bare" "bare-$workers-$round" "$kind" < "$place/list-$kind"
      middle=$(now) second=$(moved)
      "$program" rollout --quiet --from "$place/list-$kind" --yes --jobs "$workers" --branch "ours-$workers-$round" > "$place/table"
      end=$(now) third=$(moved)
      [ "$(grep -c ' migrated ' "$place/table")" -eq "$count" ] || { cat "$place/table"; exit 1; }
      echo "$kind, $workers workers, round $round: bare $(((middle - start) / 1000000)) ms and $(((second - first) / count)) bytes a repository," \
        "rollout $(((end - middle) / 1000000)) ms and $(((third - second) / count)) bytes, ratio $(((end - middle) * 100 / (middle - start))) %"
    done
  done
  for size in small:1 middle:8 large:9; do
    number=${size#*:}
    sed -n "${number}p" "$place/list-$kind" > "$place/one"
    first=$(moved)
    "$program" rollout --quiet --from "$place/one" --yes --branch "one-$number" > /dev/null
    echo "$kind, one ${size%:*} repository: $(($(moved) - first)) bytes"
  done
done
head -n 20 "$place/list-deep" > "$place/twenty"
few=$(memory "$place/twenty" few)
many=$(memory "$place/list-deep" many)
echo "memory of the process: $few kB with $(wc -l < "$place/twenty") repositories, $many kB with $count"

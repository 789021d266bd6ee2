//! Commands that are known to use no docker.
//!
//! Whatever is not in here may: a job that says docker is edited only where all of its commands are known. A name is listed when
//! the program runs nothing of the repository's own but its configuration; where that hangs on the verb, with the verbs.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::Word;
use super::docker::{is_in, is_prefix};
use super::tools::speaks;

/// The shell's own, the system's, and what most of its distributions have.
const SYSTEM: &str = ". : [ [[ (( alias bg break caller cd command continue declare dirs disown echo enable eval exit \
    export false fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read \
    readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit umask unalias \
    unset wait arch awk b2sum base32 base64 basename bc bzcat bzip2 bunzip2 cal cat chgrp chmod chown cksum cmp \
    column comm cp cpio csplit curl cut date dc dd df diff diff3 dig dirname dmesg dos2unix du ed egrep envsubst \
    expand expr factor fgrep file find fmt fold free gawk getconf getent gettext gpg gpg2 gpgconf grep gunzip gzip \
    head hexdump host hostid hostname iconv id ifconfig install ip iptables join jq ldd less ln locale locale-gen \
    logger logname ls lsattr lsb_release lsblk lscpu lsmod lsof lz4 lzip man mawk md5sum mkdir mkfifo mknod mktemp \
    modprobe more mount mv nc ncat netcat netstat nl nproc nslookup numfmt od openssl patch pathchk pgrep pidof ping \
    ping6 pkill killall pr printenv ps ptx pv readlink realpath rename rev rm rmdir route rsync scp sed seq sftp \
    sha1sum sha224sum sha256sum sha384sum sha512sum shasum shred shuf sleep socat sort split ss ssh-add ssh-keygen \
    ssh-keyscan stat stty sum sync sysctl tac tail tar tee telnet top touch tput tr traceroute tree truncate tsort \
    tty umount uname unexpand uniq unix2dos unlink unlzma unxz unzip uptime users uuidgen vmstat w wc wget whereis \
    which who whoami xmllint xmlstarlet xsltproc xxd xz xzcat yes yq zcat zip zipinfo zstd 7z 7za addgroup adduser \
    chpasswd delgroup deluser groupadd groupdel groupmod groups passwd useradd userdel usermod apk apt \
    apt-add-repository add-apt-repository apt-cache apt-get apt-key apt-mark aptitude brew choco dnf dpkg dpkg-query \
    emerge microdnf opkg pacman pip pip3 rpm snap tdnf update-alternatives update-ca-certificates update-ca-trust \
    winget yum yum-config-manager zypper dpkg-reconfigure debconf-set-selections ldconfig htpasswd keytool aria2c \
    http https rg ag bat sponge ts jo dasel gron htmlq xq tomlq crudini age age-keygen minisign sendmail msmtp mailx \
    mail lftp figlet colordiff wdiff rar unrar brotli pigz identify convert magick ffmpeg pandoc asciidoctor hugo \
    mdbook pdflatex xelatex a2enmod crontab logrotate certbot mkcert dpkg-deb lintian fpm nfpm \
    nginx httpd haproxy promtool amtool upx pecl pear phpize docker-php-ext-install docker-php-ext-configure \
    docker-php-ext-enable install-php-extensions";

/// Compilers, formatters and checkers: they read files, and run at most their own configuration.
const LANGUAGES: &str = "actionlint ajv alembic ar as autopep8 black buf c++ c99 cc cfn-lint check-jsonschema clang clang++ \
    clang-format clang-tidy codespell commitlint cppcheck cpplint cspell djlint docformatter dotenv-linter doxygen \
    editorconfig-checker ec errcheck flake8 g++ gcc gcov gcovr genhtml go-junit-report gofmt gofumpt goimports \
    golangci-lint golint hclfmt htmlhint isort javac javadoc jsonlint ktlint lcov ld lizard markdownlint \
    markdownlint-cli2 mdl mkdocs mockgen mypy nm objcopy objdump pdoc phpcs phpcbf phpmd phpstan pip-compile \
    pip-sync prettier protoc protolint psalm pycodestyle pydocstyle pyflakes pylint pyright pyupgrade radon ranlib \
    readelf reportgenerator reuse revive rubocop ruff rustc rustdoc rustfmt shellcheck shellharden shfmt size \
    spectral sphinx-build sqlc sqlfluff standardrb staticcheck strings strip stylelint swag swiftlint taplo templ \
    tflint tsc twine typedoc vale virtualenv vulture xenon yamale yamlfix yamlfmt yamllint vint jsonnet jb cue dhall \
    gomplate j2 bashate bandit checkov conftest detect-secrets gitleaks gosec govulncheck hadolint kics kube-linter \
    kube-score kubeconform kubeval opa osv-scanner pip-audit pluto regal safety semgrep terrascan tfsec \
    ansible-galaxy ansible-lint ansible-vault pip-licenses cyclonedx-py cyclonedx-npm cyclonedx-gomod cyclonedx yapf \
    interrogate bump-my-version eslint php-cs-fixer jar jarsigner jlink gocover-cobertura grcov \
    autoconf autoreconf automake ghc helm-docs jekyll zola dyff yj jd";

/// Tools that work on images, and speak of docker where they mean a registry's.
const IMAGES: &str = "buildah buildctl cosign crane crictl ctr gcrane img krane manifest-tool nerdctl notation oras podman regctl \
    regsync skopeo umoci docker-credential-ecr-login docker-credential-gcr grype syft snyk trivy";

/// Clients of clouds, clusters, databases, forges and services: what they run, another machine runs.
const CLIENTS: &str = "kubectl kubectx kubens kubeseal kustomize helm argocd flux istioctl linkerd cilium velero oc rancher kapp \
    ytt kbld vendir stern eksctl kops talosctl nomad vault aws gcloud gsutil bq az doctl fly flyctl linode-cli \
    hcloud scw oci ibmcloud yc aliyun cf eb netlify surge gh glab hub tea release-cli gitlab gitea mc s3cmd s5cmd \
    rclone restic azcopy infracost cloudflared tailscale wg openvpn psql pg_dump pg_restore pg_isready createdb \
    dropdb mysql mysqladmin mysqldump mariadb mariadb-admin mariadb-dump redis-cli mongo mongosh mongodump \
    mongorestore sqlite3 sqlcmd influx cqlsh clickhouse-client kcat kafkacat nats ldapsearch ldapadd grpcurl \
    websocat newman k6 vegeta hey ab siege lighthouse pa11y sentry-cli datadog-ci crowdin lokalise2 tx apprise ntfy \
    codecov coveralls cc-test-reporter sonar-scanner dependency-check trufflehog ggshield clamscan freshclam git \
    git-lfs git-crypt git-cliff git-chglog gitversion GitVersion svu semver svn hg cz commitizen bump2version \
    bumpversion towncrier renovate-config-validator goose dbmate atlas flyway liquibase sqitch ecs-deploy ecspresso \
    pass mosquitto_pub bw";

/// Commands that hang on their verb: name, and the verbs with which they run nothing of the repository's own.
const BY_VERB: &[(&str, &str)] = &[
    (
        "asdf",
        "current global help info install latest list local plugin reshim set shim-versions uninstall update \
         where which",
    ),
    (
        "bundle",
        "add binstubs check clean config env help info init install list lock outdated package platform remove \
         show update",
    ),
    ("bun", "add audit i info init install link outdated patch pm publish remove rm unlink update upgrade why"),
    (
        "cargo",
        "add audit b build c check chef clean clippy deny doc fetch fmt generate-lockfile help info init install \
         locate-project login logout machete metadata msrv new outdated owner package pkgid publish remove report \
         rustc rustdoc search tree uninstall update vendor version yank zigbuild",
    ),
    (
        "composer",
        "about archive audit browse bump check-platform-reqs clear-cache clearcache config create-project depends \
         diagnose dump-autoload dumpautoload fund help i info init install licenses normalize outdated prohibits \
         reinstall remove require search self-update selfupdate show status suggests u update upgrade validate \
         why why-not",
    ),
    ("conan", "config inspect list profile remote search user"),
    ("conda", "activate clean config create deactivate info init install list package remove search uninstall update"),
    ("consul", "catalog info kv members version"),
    ("corepack", "disable enable install prepare up use"),
    ("coverage", "annotate combine debug erase help html json lcov report xml"),
    ("dart", "analyze create doc fix format info pub"),
    ("deno", "add cache check compile doc fmt info init install lint outdated publish remove types uninstall upgrade"),
    (
        "dotnet",
        "add build-server clean dev-certs ef format help list new nuget reference remove restore sln store workload",
    ),
    ("etcdctl", "del endpoint get member put version"),
    ("flutter", "analyze build channel clean config create devices doctor format gen-l10n precache pub upgrade"),
    ("fnm", "alias current default env install list list-remote use"),
    (
        "gem",
        "build cert check cleanup contents dependency environment fetch help info install list lock outdated \
         owner push query search signin signout sources specification uninstall unpack update which yank",
    ),
    ("go", "bug build clean doc env fix fmt get help install list mod telemetry version vet work"),
    ("hatch", "build clean config dep publish status version"),
    ("java", ""),
    ("mamba", "activate clean config create deactivate info init install list remove search uninstall update"),
    ("micromamba", "activate clean config create deactivate info install list remove search uninstall update"),
    (
        "mix",
        "archive.install clean compile credo deps deps.clean deps.compile deps.get deps.unlock deps.update \
         dialyzer docs ecto.create ecto.drop ecto.migrate format hex.audit hex.info hex.organization hex.outdated \
         hex.publish hex.repo local.hex local.rebar phx.digest release sobelow",
    ),
    (
        "npm",
        "access add adduser audit bin bugs c cache ci clean-install completion config dedupe ddp deprecate diff \
         dist-tag docs doctor edit explain find-dupes fund get help hook i in info install link list ln login \
         logout ls ll org outdated owner pack ping pkg prefix profile prune publish query r rb rebuild remove \
         repo rm root s sbom search set shrinkwrap star stars team token un uninstall unlink unpublish unstar up \
         update upgrade v version view whoami why",
    ),
    ("nuget", "add config delete install list locals pack push restore setapikey sign sources spec update verify"),
    ("nvm", "alias cache current deactivate install ls ls-remote list unalias uninstall use version which"),
    (
        "pdm",
        "add cache config export fix import info init install list lock outdated publish python remove search \
         self show sync update use venv",
    ),
    ("pipenv", "check clean graph install lock requirements sync uninstall update upgrade verify"),
    ("pipx", "ensurepath environment inject install list uninject uninstall upgrade upgrade-all"),
    (
        "pnpm",
        "add approve-builds audit bin cat-file cat-index config dedupe deploy env fetch find-hash get help i \
         import info init install la licenses link list ll ln login logout ls outdated pack patch patch-commit \
         patch-remove prune publish rb rebuild remove rm root self-update set setup store un uninstall unlink up \
         update upgrade view whoami why",
    ),
    (
        "poetry",
        "about add build cache check config debug env export help install init list lock new publish remove \
         search self show source sync update version",
    ),
    ("pyenv", "global init install local prefix rehash root shell uninstall update version versions virtualenv which"),
    ("rbenv", "global init install local prefix rehash root shell uninstall version versions which"),
    ("rustup", "check component default doc override self set show target toolchain update"),
    (
        "rye",
        "add build config fetch fmt init install lint list lock make-req pin publish remove self show sync \
         toolchain tools uninstall version",
    ),
    ("sdk", "config current default flush install list selfupdate uninstall update upgrade use version"),
    ("ssh-agent", ""),
    ("tfenv", "install list list-remote pin use version-name"),
    ("uv", "add build cache export help init lock pip publish python remove self sync tree venv version"),
    ("volta", "fetch install list pin setup uninstall which"),
    (
        "yarn",
        "add audit autoclean bin cache check config constraints dedupe explain generate-lock-entry help import \
         info init install licenses link list login logout npm outdated owner pack patch patch-commit plugin \
         policies publish remove search set stage tag team unlink unplug upgrade upgrade-interactive \
         version versions why",
    ),
];

/// Commands that hang on their verb the other way: those with which they run what stands behind.
const BUT: &[(&str, &str)] =
    &[("sops", "exec-env exec-file edit"), ("op", "run plugin"), ("doppler", "run"), ("infisical", "run")];

/// Modules that `python -m` runs, besides those of the same name as a command.
const MODULES: &str =
    "build compileall ensurepip grpc_tools.protoc http.server json.tool py_compile site venv wheel zipfile";

type Names = HashSet<&'static str>;

fn names(lists: &[&'static str]) -> Names {
    lists.iter().flat_map(|list| list.split_ascii_whitespace()).collect()
}

static SILENT: LazyLock<Names> = LazyLock::new(|| names(&[SYSTEM, LANGUAGES, IMAGES]));
static ELSEWHERE: LazyLock<Names> = LazyLock::new(|| names(&[CLIENTS]));

/// Whether the command of that name at that word is known to run nothing that is not in sight.
pub(super) fn is_familiar(words: &[Word], at: usize, name: &str) -> bool {
    let first = || words.iter().skip(at + 1).map(Word::display).find(|word| !word.starts_with(['-', '+']));
    if is_prefix(name) {
        // Nothing is run by it: `command -v docker`, `exec >log`.
        return first().is_none() || matches!(name, "command" | "ssh" | "sshpass");
    }
    if let Some(verbs) = verbs(name) {
        return first().is_none_or(|verb| is_in(verbs, verb));
    }
    if let Some((_, verbs)) = BUT.iter().find(|(tool, _)| *tool == name) {
        let mut words = words.iter().skip(at + 1).map(Word::display);
        return !words.any(|word| is_in(verbs, word) || word == "--");
    }
    let module = at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|word| word.display() == "-m");
    is_named(name) || module && is_in(MODULES, name)
}

/// The verbs with which a command runs nothing of the repository's own, for one that hangs on them.
pub(super) fn verbs(name: &str) -> Option<&'static str> {
    BY_VERB.iter().find(|(tool, _)| *tool == name).map(|(_, verbs)| *verbs)
}

/// Whether a name is one of those that need no verb, with a version or not: `pip3.12`, `gcc-13`.
pub(super) fn is_named(name: &str) -> bool {
    let is = |name: &str| SILENT.contains(name) || ELSEWHERE.contains(name) || speaks(name);
    let stem = without_version(name);
    is(name) || stem.len() < name.len() && is(stem)
}

/// Whether a name is a builtin of the shell or a program of most systems.
pub(super) fn is_of_the_system(name: &str) -> bool {
    is_in(SYSTEM, name)
}

/// Whether a command does nothing with a daemon, whatever docker among its words is: the transport `docker:`, a folder, a package.
pub(super) fn is_silent(name: &str) -> bool {
    SILENT.contains(name) || SILENT.contains(without_version(name)) || verbs(name).is_some()
}

/// `python3.12` is python.
pub(super) fn without_version(name: &str) -> &str {
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || matches!(letter, '.' | '-'));
    if stem.is_empty() { name } else { stem }
}

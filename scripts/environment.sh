# Sourced by the scripts next to it. Gives ROOT (the checkout), CACHE (slow things, outside the checkout) and functions
# that make what is missing: need_python (sets PYTHON), need_node (puts node and npm on PATH), need_apt PACKAGE...
# Everything is idempotent and safe to call from two terminals at once.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${CADENCIA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cadencia}
export CADENCIA_CACHE=$CACHE
export PYTHONPATH=$ROOT:$ROOT/scripts

# The tests that need no server: scripts/check runs them, scripts/test the others.
QUICK_TESTS=()
for folder in unit compliance pacing; do
    if [[ -d $ROOT/tests/$folder ]]; then QUICK_TESTS+=("tests/$folder"); fi
done

say() { printf '%s\n' "cadencia: $*" >&2; }
die() { say "$*"; exit 1; }

# A Python the lock file was made for: 3.11, 3.12 or 3.13.
supported_python() {
    command -v "$1" >/dev/null &&
        "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${CADENCIA_PYTHON:-} python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if supported_python "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    return 1
}

# locked_venv NAME LOCK: print the folder of a virtual environment that holds exactly LOCK; build it when it is not there.
# The folder is named by the lock's hash and Python's version; the stamp in it is written last, so half an
# environment is never used. It is built where it stays: the scripts of a virtual environment know their own path.
locked_venv() {
    local name=$1 lock=$2 base version digest venv
    base=$(find_python) || die "Python 3.11, 3.12 or 3.13 is missing; type: apt-get install python3 python3-venv"
    version=$("$base" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
    digest=$({ cat "$lock"; echo "$base $version"; } | sha256sum | cut -c1-16)
    venv=$CACHE/$name-$digest
    if [[ ! -e $venv/.complete ]]; then
        "$base" -c 'import ensurepip, venv' 2>/dev/null || need_apt "python${version%.*}-venv"
        mkdir -p "$CACHE"
        (
            flock 9
            [[ -e $venv/.complete ]] && exit 0
            say "making $name with Python $version, once for this $(basename "$lock") ..."
            rm -rf "$venv"
            "$base" -m venv "$venv"
            "$venv/bin/python" -m pip install --require-hashes --disable-pip-version-check --no-input -r "$lock" >&2
            touch "$venv/.complete"
        ) 9>"$CACHE/.$name.lock" >&2 || die "pip could not install $(basename "$lock"); its message is above"
    fi
    printf '%s\n' "$venv"
}

need_python() {
    local venv
    venv=$(locked_venv venv "$ROOT/requirements-dev.lock")
    PYTHON=$venv/bin/python
    export PATH=$venv/bin:$PATH
}

# The console's build needs Node >= 20.19 (vite's own limit). An older one, or none, is left alone:
# Node then comes from a hash-locked wheel into the cache.
need_node() {
    local venv
    if command -v npm >/dev/null && command -v node >/dev/null &&
        node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 20 || (+a === 20 && +b >= 19) ? 0 : 1)'
    then
        return
    fi
    venv=$(locked_venv node "$ROOT/requirements-node.lock")
    export PATH=$venv/bin:$PATH
}

installed() { [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]; }

# need_apt PACKAGE...: install the Debian packages that are missing, or say what to type.
need_apt() {
    local package missing=()
    command -v dpkg-query >/dev/null || die "this is not Debian or Ubuntu; install by hand what these packages hold: $*"
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    ((EUID == 0)) || die "missing packages; type: sudo apt-get install --yes --no-install-recommends ${missing[*]}"
    say "installing ${missing[*]} ..."
    mkdir -p "$CACHE"
    (
        flock 9
        export DEBIAN_FRONTEND=noninteractive
        apt=(apt-get --quiet --yes -o DPkg::Lock::Timeout=600 --no-install-recommends)
        # The lists of a fresh machine or image may be empty or stale: fetch them when the first try fails.
        "${apt[@]}" install "${missing[@]}" >&2 2>/dev/null || { "${apt[@]}" update && "${apt[@]}" install "${missing[@]}"; } >&2
    ) 9>"$CACHE/.apt.lock" || die "apt-get could not install ${missing[*]}; its message is above"
}

# What the laboratory starts beside Asterisk: the maker of Asterisk's root folder, the voices, the broker.
need_lab_packages() { need_apt mmdebstrap sox espeak-ng mosquitto; }

# The voices of the corpus of test calls; recorded prompts are fetched into the cache by lab/corpus/voices.py.
need_corpus_packages() {
    need_apt espeak-ng flite festival festvox-kallpc16k festvox-kdlpc16k festvox-ca-ona-hts
}

# In agents_console: node_modules as package-lock.json says, installed again only when that file changes.
console_dependencies() {
    local stamp=node_modules/.cadencia-lock
    cmp -s package-lock.json "$stamp" && return
    say "installing the console's packages ..."
    npm ci --no-audit --no-fund >&2
    cp package-lock.json "$stamp"
}

# The built console in agents_console/dist, made again only when its sources change.
need_console() {
    local sources built=$ROOT/agents_console/dist/.cadencia-sources
    need_node
    sources=$(cd "$ROOT/agents_console" && find . -path ./node_modules -prune -o -path ./dist -prune -o -path ./tests -prune \
        -o -name openapi.json -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
    [[ -f $built && $(<"$built") == "$sources" ]] && return
    (
        cd "$ROOT/agents_console"
        console_dependencies
        say "building the console ..."
        npm run --silent build >&2
    ) || die "the console could not be built; npm's message is above"
    printf '%s\n' "$sources" >"$built"
}

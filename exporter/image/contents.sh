#!/bin/sh
# contents.sh STEP [SOURCE]   puts together what the image holds, inside the root file system that becomes the image
#
# The one description of the contents: exporter/Dockerfile runs these steps in its stages, and where there is no
# container engine tools/install.sh and tests/image run the same steps in a folder.
#
#   system        what every image has: Python, certificates, the account 65532 and its folder
#   builder       what only the building stage has: pip, setuptools, the SBOM tool
#   dependencies  the packages of requirements.txt, by their hashes, in /opt/tocsin
#   application   Tocsin from SOURCE, compiled to bytecode (the root is read-only), and the SBOM
#   detoxify      the extra `detoxify` on top
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=/opt/tocsin
build=/opt/build
export DEBIAN_FRONTEND=noninteractive PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

packages() {
    apt-get update -qq >/dev/null
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/* /var/log/apt /var/log/*.log
}

# into PACKAGE...: installs into the application's environment, which has no pip of its own.
into() {
    "$build/bin/pip" --python "$home/bin/python" install --quiet --no-compile "$@"
}

system() {
    packages ca-certificates python3
    groupadd --key GID_MAX=65532 --gid 65532 tocsin
    useradd --key UID_MAX=65532 --uid 65532 --gid 65532 --no-create-home --home-dir /var/lib/tocsin --shell /usr/sbin/nologin tocsin
    install -d -m 0750 -o 65532 -g 65532 /var/lib/tocsin
    install -d -m 0755 /etc/tocsin
    find / -xdev -type f -perm /6000 -exec chmod a-s {} +  # nothing in here may gain rights
}

builder() {
    packages python3-venv
    python3 -m venv "$build"
    "$build/bin/pip" install --quiet --require-hashes --only-binary :all: --requirement "$here/build-requirements.txt"
}

dependencies() {
    python3 -m venv --without-pip "$home"
    into --require-hashes --only-binary :all: --requirement "$here/requirements.txt"
    # Names of places and carriers, which nothing here asks for: 21 MB, and as much bytecode.
    rm -rf "$home"/lib/python3*/site-packages/phonenumbers/geodata "$home"/lib/python3*/site-packages/phonenumbers/carrierdata
    compile "$home/lib"
}

application() {
    wheels=$(mktemp -d)
    cp -a "$1" "$wheels/source"  # setuptools writes beside its sources
    "$build/bin/pip" wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir "$wheels" "$wheels/source"
    into --no-deps --no-index "$wheels"/tocsin-*.whl
    rm -rf "$wheels"
    compile "$home"/lib/python3*/site-packages/tocsin
    materials
}

detoxify() {
    into detoxify==0.5.4 'safetensors>=0.4'
    compile "$home/lib"
    materials
}

# Bytecode that is not checked against its source is used whatever times a copy gives the files.
compile() {
    "$home/bin/python" -m compileall -q -j 2 --invalidation-mode unchecked-hash "$1"
}

# The SBOM, of what is installed rather than of what was asked for.
materials() {
    "$build/bin/cyclonedx-py" environment --output-reproducible --output-format JSON \
        --output-file "$home/sbom.cdx.json" "$home/bin/python"
}

step=$1
shift
case $step in
    system | builder | dependencies | application | detoxify) "$step" "$@" ;;
    *) echo "contents.sh: unknown step $step" >&2; exit 2 ;;
esac

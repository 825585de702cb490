#!/bin/sh
# Builds the image where no registry can be reached, and tries it. Debian stands in for Python's
# base (debootstrap), this machine's Node for Node's; Buildah builds, bubblewrap runs. As root.
set -eu
for program in buildah debootstrap bwrap node npm; do
  command -v $program >/dev/null || {
    echo "No $program. On Debian: apt-get install buildah debootstrap bubblewrap, and Node 20 or newer" >&2
    exit 1
  }
done
work=$PWD/build/image
mkdir -p "$work"
# Apart from the machine's own images: what is made here bears names that are others'.
store() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }

# What this machine knows of networks: variables, and the files and folders that they, pip and npm name.
variables() {
  env | grep -E '^(PIP_|UV_|SSL_CERT_|REQUESTS_CA_BUNDLE=|NODE_EXTRA_CA_CERTS=|NPM_CONFIG_|npm_config_)' || true
}
places() {
  printf '%s\n' /etc/ssl/certs /etc/pip.conf /etc/npmrc /usr/local/etc/npmrc "$HOME/.npmrc" "$HOME/.config/pip"
  variables | sed -n 's/^[^=]*=\(\/.*\)/\1/p'
  python3 -m pip config list | grep -o "file://[^' ]*/simple" | sed 's/^file:..//; s/.simple$//'
}
mounts=$(places | sort -u | while read -r place; do [ ! -e "$place" ] || echo "--volume=$place:$place:ro"; done)

base() { sed -n "s/^FROM \([^ ]*\)$1\$/docker.io\/library\/\1/p" Dockerfile; }
node_base=$(base ' AS node')
python_base=$(base '')

if ! store inspect --type image "$python_base" >/dev/null 2>&1; then
  echo "Making $python_base out of Debian"
  . /etc/os-release
  rm -rf "$work/debian"
  debootstrap --variant=minbase --include=python3,python3-venv,make,ca-certificates \
    "$VERSION_CODENAME" "$work/debian" >"$work/debootstrap.log"
  rm -rf "$work/debian"/var/cache/apt/* "$work/debian"/var/lib/apt/lists/*
  container=$(store from scratch)
  store copy --quiet "$container" "$work/debian" / >/dev/null
  variables | while read -r line; do store config --env "$line" "$container"; done
  store commit --quiet --rm "$container" "$python_base" >/dev/null
  rm -rf "$work/debian"
fi
if ! store inspect --type image "$node_base" >/dev/null 2>&1; then
  echo "Making $node_base out of Node $(node --version)"
  container=$(store from scratch)
  store copy --quiet "$container" "$(command -v node)" /usr/local/bin/node >/dev/null
  store copy --quiet "$container" "$(npm root --global)/npm" /usr/local/lib/node_modules/npm >/dev/null
  store commit --quiet --rm "$container" "$node_base" >/dev/null
fi

# shellcheck disable=SC2086
store build --isolation chroot --pull-never --format docker --layers $mounts --tag latentbook .

container=$(store from --pull-never latentbook)
trap 'store rm "$container" >/dev/null' EXIT
image=$(store mount "$container")
config=$(store inspect --type image latentbook |
  python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["Docker"]["config"]))')
mkdir "$image/test" "$image/course"
rm -rf "$work/built"
install --directory --owner 10001 "$work/built"
# A network of its own, with nothing in it but itself; nowhere to write but where a course is built,
# and none of root's rights.
bwrap --ro-bind "$image" / --dev /dev --proc /proc --perms 1777 --tmpfs /tmp \
  --ro-bind tools/test_image /test \
  --ro-bind examples/course /course --bind "$work/built" /built \
  --unshare-net --unshare-pid --unshare-ipc --die-with-parent --clearenv --chdir /book \
  --cap-add CAP_SETUID --cap-add CAP_SETGID --cap-add CAP_SETPCAP \
  setpriv --reuid 10001 --regid 10001 --clear-groups --bounding-set -all --no-new-privs \
  /book/.venv/bin/python -B /test/inside.py "$config"
echo "$(du -sm "$image" | cut -f1) MB"

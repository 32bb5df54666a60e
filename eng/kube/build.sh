#!/bin/bash
# build.sh : Kubernetes 1.20.2 from Debian bookworm's own source package into $KUBE_HOME/bin. 3 to 8 minutes on two cores, 1.8 GB of
# work space and 1.5 GB of memory, once: the binaries are kept until Debian's source version or this script changes.
# It takes the newest Kubernetes that Debian carries: Debian packages no server binaries, only the client.
set -euo pipefail
source "$(dirname "$0")/env.sh"
programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)
stamp=$BIN/built-from

# The version of Debian's client is that of the source package; empty when the package lists are not there.
debian_version() { LC_ALL=C apt-cache policy kubernetes-client 2>/dev/null | sed -n 's/^ *Candidate: \([^(].*\)$/\1/p'; }
recipe=$(sha256sum "$HEAL_KUBE/build.sh" | cut -c1-16)

cached() {
  local program version
  for program in "${programs[@]}"; do [[ -x $BIN/$program ]] || return 1; done
  version=$(debian_version)
  # without package lists there is nothing to compare the source version with: then the recipe alone decides
  [[ $(cat "$stamp" 2>/dev/null) == "${version:-$(cut -d' ' -f1 "$stamp" 2>/dev/null)} $recipe" ]]
}
if cached; then
  say "Kubernetes is built already: $BIN"
  exit
fi
say "building Kubernetes from Debian's source package; this takes 3 to 8 minutes, once"
mkdir -p "$KUBE_HOME" "$BIN"
work=$(mktemp -d "$KUBE_HOME/build.XXXXXX")
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT # Go makes some folders of its cache read-only
cd "$work"
need_packages golang-1.19-go golang-github-modern-go-reflect2-dev dpkg-dev

# Source packages are rarely in a machine's apt sources: the same sites once more as deb-src, with lists of our own.
[[ -n $(debian_version) ]] || as_root apt-get -qq update
# shellcheck disable=SC2016 # apt-get fills these in, not the shell
LC_ALL=C apt-get indextargets --format '$(ORIGIN)|deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  sed -n 's/^Debian|//p' | sort -u >sources.list
[[ -s sources.list ]] || die "no Debian archive in this machine's apt sources" "Expected a 'deb … bookworm main' entry in /etc/apt."
mkdir -p lists/partial cache/archives/partial
apt_source=(apt-get -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists"
  -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
"${apt_source[@]}" update
version=$(debian_version)
"${apt_source[@]}" source --download-only "kubernetes=$version" >/dev/null
tree=$work/gopath/src/k8s.io/kubernetes
mkdir -p "${tree%/*}"
dpkg-source --no-check -x kubernetes_*.dsc "$tree" >/dev/null 2>&1
cd "$tree"
say "unpacked Kubernetes $version"

# json-iterator's reflect2 1.0.1 breaks from Go 1.18 on (it walks maps by their inside): take Debian's 1.0.2.
rm -rf vendor/github.com/modern-go/reflect2
cp -rL /usr/share/gocode/src/github.com/modern-go/reflect2 vendor/github.com/modern-go/reflect2

export PATH=/usr/lib/go-1.19/bin:$PATH GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 GOPATH=$work/gopath GOCACHE=${GOCACHE:-$work/gocache}
jobs=${JOBS:-$(nproc)}

# The one generated file that the source package lacks: OpenAPI definitions of every package that asks for them.
go build -p "$jobs" -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
packages=$(grep -rl '+k8s:openapi-gen=' --include='*.go' pkg staging/src/k8s.io |
  grep -v -e /_examples/ -e _test.go -e zz_generated -e /code-generator/ -e /sample-apiserver/ |
  xargs -n1 dirname | LC_ALL=C sort -u |
  sed 's|^staging/src/|k8s.io/kubernetes/vendor/|; s|^pkg/|k8s.io/kubernetes/pkg/|' | paste -sd,)
"$work/openapi-gen" -O zz_generated.openapi -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -i "$packages" \
  -p k8s.io/kubernetes/pkg/generated/openapi -r /dev/null --output-base "$work/gopath/src"
say "generated the OpenAPI definitions"

flags="-s -w"
for package in k8s.io/kubernetes/vendor/k8s.io/component-base/version k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version; do
  flags+=" -X $package.gitVersion=v1.20.2 -X $package.gitMajor=1 -X $package.gitMinor=20 -X $package.gitTreeState=archive"
  flags+=" -X $package.gitCommit=faecb196815e248d3ecfb03c680a4507229c2a56 -X $package.buildDate=2021-01-13T13:20:00Z"
done
mkdir "$work/bin"
go build -p "$jobs" -tags 'providerless dockerless' -trimpath -ldflags "$flags" -o "$work/bin/" "${programs[@]/#/./cmd/}"
rm -f "$stamp"
mv "$work"/bin/* "$BIN/"
echo "$version $recipe" >"$stamp"
say "built: $BIN"

#!/bin/sh
# Sets up what the lines of quiet.txt are typed in: a project called `shop`, a git repository with
# its build folders, in a home that is lived in.
#
#   HOME=/some/new/folder sh quiet_scene.sh
#
# Everything is made below $HOME; the project is $HOME/src/shop. $HOME/standins goes to the front of
# PATH: programs there list what a server would. Asked for more than a listing, they note it in
# $HOME/acted, and do nothing.
set -eu

fill() { # FOLDER COUNT: that many small files, in sub-folders of fifty
    i=0
    while [ "$i" -lt "$2" ]; do
        [ $((i % 50)) -ne 0 ] || mkdir -p "$1/part$((i / 50))"
        echo "$i" > "$1/part$((i / 50))/file$i"
        i=$((i + 1))
    done
}

mkdir -p "$HOME"
cd "$HOME"
mkdir -p .ssh .kube .config/git .local/share/Trash/files/old .local/share/fonts .npm/_cacache \
    .cache/pip .cache/go-build .cache/thumbnails .cache/shop .vim/swap bin Pictures \
    Documents Downloads/shop-1.2.3 src/dotfiles git
chmod 700 .ssh
touch .bashrc .profile .vimrc .npmrc src/dotfiles/vimrc
touch .ssh/id_ed25519 .ssh/id_ed25519.pub .ssh/deploy .ssh/known_hosts .ssh/known_hosts.old .ssh/authorized_keys
touch .vim/swap/main.rs.swp .vim/swap/notes.swp
touch Downloads/foo.tar.gz Downloads/a.zip Downloads/b.zip Downloads/report.pdf Downloads/installer.deb
touch Downloads/shop-1.2.3/README Downloads/shop-1.2.3/setup.py
fill Documents 120
fill Pictures 80
fill .cache/pip 60
fill .cache/go-build 60
fill .cache/thumbnails 60
fill .npm/_cacache 60
fill .local/share/Trash/files/old 8
cat > .kube/config <<'KUBE'
apiVersion: v1
kind: Config
current-context: dev
clusters: [{name: dev, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: dev, context: {cluster: dev, user: dev, namespace: shop}}]
users: [{name: dev, user: {}}]
KUBE
cp .kube/config .kube/dev
cat > .gitconfig <<'GIT'
[user]
    name = Me
    email = me@example.com
[init]
    defaultBranch = main
[push]
    default = simple
[alias]
    st = status
[advice]
    detachedHead = false
GIT

standin() { # NAME, its text on stdin
    { printf '#!/bin/sh\n'; cat; } > "standins/$1"
    chmod +x "standins/$1"
}
mkdir standins
standin kubectl <<'SH'
# Lists each object that is named, and twelve where none is.
asked="kubectl $*"
row() {
    case "$columns" in *replicas*) size='  4  <none>' ;; *) size= ;; esac
    case "$columns" in
        name) echo "$kind/$1" ;;
        *) echo "shop  $kind  $1  v1  uid-$1  2026-01-01T00:00:00Z$size  <none>  <none>" ;;
    esac
}
verb= kind= names= columns=
while [ $# -gt 0 ]; do
    case "$1" in
        -n | --context | --kubeconfig | -l | -f) shift ;;
        -o) columns=$2; shift ;;
        -*) ;;
        get) verb=get ;;
        */*) kind=${1%%/*} names="$names ${1#*/}" ;;
        *) if [ -n "$kind" ]; then names="$names $1"; else kind=$1; fi ;;
    esac
    shift
done
[ "$verb" = get ] || { echo "$asked" >> "$HOME/acted"; exit 1; }
for name in ${names:-1 2 3 4 5 6 7 8 9 10 11 12}; do row "$name"; done
SH
standin systemctl <<'SH'
# Shows each unit that is named, running.
case " $* " in
    *' show '*)
        while [ "$1" != -- ]; do shift; done
        shift
        for unit in "$@"; do
            case "$unit" in *.*) ;; *) unit=$unit.service ;; esac
            printf 'Id=%s\nLoadState=loaded\nActiveState=active\nActiveEnterTimestamp=@1767225600\n\n' "$unit"
        done ;;
    *' list-unit-files '*) printf 'nginx.service enabled enabled\nshop.service enabled enabled\n' ;;
    *) echo "systemctl $*" >> "$HOME/acted"; exit 1 ;;
esac
SH
standin aws <<'SH'
# Describes each instance that is named, running.
case " $* " in
    *' ec2 describe-instances --instance-ids '*)
        between='['
        while [ "$1" != --instance-ids ]; do shift; done
        shift
        while [ "${1#-}" = "$1" ]; do
            printf '%s{"key":"%s","kind":"instance","state":"running","since":"2026-01-01T00:00:00Z","role":null}' "$between" "$1"
            between=,
            shift
        done
        echo ']' ;;
    *) echo "aws $*" >> "$HOME/acted"; exit 1 ;;
esac
SH
for tool in gcloud gsutil; do
    standin "$tool" <<'SH'
# Lists each object that is named.
case " $* " in
    *' ls '*) for word in "$@"; do case "$word" in gs://*) echo "$word" ;; esac; done ;;
    *) echo "${0##*/} $*" >> "$HOME/acted"; exit 1 ;;
esac
SH
done
standin ansible <<'SH'
# Every pattern is one host.
case " $* " in *' --list-hosts '*) printf '  hosts (1):\n    web1\n' ;; *) echo "ansible $*" >> "$HOME/acted"; exit 1 ;; esac
SH
standin ansible-playbook <<'SH'
# One play on one host.
case " $* " in
    *' --list-hosts '*) printf '\nplaybook: site.yml\n\n  play #1 (web): web\tTAGS: []\n    hosts (1):\n      web1\n' ;;
    *) echo "ansible-playbook $*" >> "$HOME/acted"; exit 1 ;;
esac
SH
standin nodeset <<'SH'
# Every set is one node.
echo web1
SH
standin salt <<'SH'
# Every target is one minion.
case " $* " in *' --preview-target '*) echo '- web1' ;; *) echo "salt $*" >> "$HOME/acted"; exit 1 ;; esac
SH
standin vagrant <<'SH'
# One machine, running.
case "$1" in status) echo '1767225600,web,state,running' ;; *) echo "vagrant $*" >> "$HOME/acted"; exit 1 ;; esac
SH
standin ssh <<'SH'
# The host far away is this one.
while :; do
    case "$1" in
        -[iJLDlop]) shift 2 ;;
        -*) shift ;;
        *) break ;;
    esac
done
shift
case "$*" in *systemctl*show* | 'find '*' -printf x') exec sh -c "$*" ;; esac
echo "ssh $*" >> "$HOME/acted"
exit 1
SH
standin sudo <<'SH'
# Whoever asks may.
while :; do
    case "$1" in
        -u) shift 2 ;;
        -*) shift ;;
        *) break ;;
    esac
done
case "$1" in systemctl | find | git | apt | apt-get | pacman | supervisorctl | findmnt | ps | etcdctl | rsync | lvs | zfs) exec "$@" ;; esac
echo "sudo $*" >> "$HOME/acted"
exit 1
SH

standin apt-get <<'SH'
# Two packages go: the one that is named, and one with it.
case " $* " in
    *' -s '* | *' --simulate '*) printf 'Remv cowsay [3.03-1]\nRemv libtext-charwidth-perl [0.04-1]\n' ;;
    *) echo "apt-get $*" >> "$HOME/acted"; exit 1 ;;
esac
SH
cp standins/apt-get standins/apt
standin lists <<'SH'
# Four names, one a line, where it is asked for a listing in the words of its kind.
me=${0##*/}
names='shop-1\nshop-2\nshop-3\nshop-4\n'
case "$me $*" in
    'etcdctl '*' --keys-only'* | 'etcdctl get '* | 'consul kv get '*'-keys '* | 'kafka-topics'*' --list'* | \
    'kafka-consumer-groups'*' --list'* | 'rclone '*lsf' '* | 'rclone check '* | 'borg list '* | 'pacman -p '* | 'findmnt -'* | 'ps -o '* | 'lvs '*)
        printf "$names" ;;
    'zfs destroy -nvp'*) printf 'destroy\ttank/a@1\ndestroy\ttank/a@2\nreclaim\t4096\n' ;;
    'zfs list'*) printf 'tank/a\n' ;;
    'zfs mount'*) printf 'tank/a  /srv/a\n' ;;
    'supervisorctl '*status*) printf 'web RUNNING pid 7, uptime 1:00:00\nworker RUNNING pid 8, uptime 1:00:00\n' ;;
    'pm2 jlist'*) printf '[{"name":"web","pm_id":0}]' ;;
    'rsync '*-n*) printf '*deleting   old.js\n*deleting   old.css\n>f+++++++++ new.js\n' ;;
    *) echo "$me $*" >> "$HOME/acted"; exit 1 ;;
esac
SH
for name in etcdctl consul kafka-topics kafka-topics.sh kafka-consumer-groups kafka-consumer-groups.sh rclone borg pacman findmnt ps lvs zfs supervisorctl pm2 rsync; do
    cp standins/lists "standins/$name"
done
rm standins/lists

git init -q --bare git/shop.git
mkdir -p src/shop
cd src/shop
git init -q
git remote add origin "$HOME/git/shop.git"

mkdir -p src/db tests docs config deploy scripts migrations charts/web/templates overlays/dev old/archive web api
echo 'fn main() {}' > src/main.rs
echo 'pub mod cart;' > src/lib.rs
echo 'pub struct Cart;' > src/cart.rs
echo 'pub fn open() {}' > src/db/mod.rs
echo '#[test] fn cart() {}' > tests/cart.rs
echo '[package]' > Cargo.toml
echo '{"name": "shop", "scripts": {"build": "vite build"}}' > package.json
echo '{}' > package-lock.json
echo 'all:' > Makefile
echo '# shop' > README.md
echo '# docs' > docs/index.md
echo 'port: 8080' > config/app.yaml
echo 'port: 80' > config/prod.yaml
printf 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n' > deploy/deployment.yaml
printf 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\n' > deploy/service.yaml
printf '[Unit]\nDescription=shop\n' > deploy/shop.service
echo 'port = 8080' > deploy/shop.conf
echo 'create table carts (id int);' > migrations/001_init.sql
echo 'name: web' > charts/web/Chart.yaml
echo 'resources: []' > overlays/dev/kustomization.yaml
echo 'FROM scratch' > Dockerfile
echo 'services: {web: {image: "shop:dev"}, db: {image: "postgres:16"}}' > docker-compose.yml
cp docker-compose.yml docker-compose.dev.yml
printf '#!/bin/sh\necho backup\n' > scripts/backup.sh
printf '#!/bin/sh\necho deploy\n' > scripts/deploy.sh
printf 'web1\nweb2\nweb3\n' > hosts.txt
echo notes > notes.txt
echo '0 1 * * * true' > crontab.txt
printf 'old notes\n' > old/notes.txt
for n in 1 2 3 4; do echo "$n" > "old/archive/note$n.txt"; done
cat > .gitignore <<'IGNORE'
node_modules/
target/
dist/
build/
__pycache__/
*.pyc
.venv/
.pytest_cache/
.mypy_cache/
*.log
*.tmp
*.o
.env
IGNORE
git add -A
git commit -qm 'first'
git tag v1.2.0
git branch feature/done
git branch feature/old
git branch feature/spike
git push -q -u origin main feature/done
git checkout -q -b feature/cart
echo '// totals' >> src/cart.rs
git commit -qam 'cart: totals'
git push -q -u origin feature/cart
echo '// more' >> src/cart.rs
git commit -qam 'cart: more'

echo '// tried' >> src/lib.rs
git stash push -q
echo '// tried again' >> src/lib.rs
git stash push -q

# What is not committed: work under way, and what builds and runs leave behind.
echo '// now' >> src/main.rs
echo 'A=1' > .env
touch .env.local a.txt b.txt c.txt list.txt crontab.out data.csv nohup.out out.txt
touch one.tmp two.tmp three.tmp build.log test.log debug.log main.o cart.o libshop.a
touch 'file with spaces.txt' "it's.txt" .git/index.lock fix.patch secrets.txt
touch -- -weird-name -n
mkdir -p empty tmp a/b/c logs secrets docs/_build src.bak/db .terraform .tox .nox shop.egg-info coverage .nyc_output
mkdir -p .next .turbo .gradle releases/42 vendor/lib
cp src/*.rs src.bak/
touch docs/_build/index.html tmp/x
for n in 1 2 3 4 5 6 7; do echo log > "logs/app.log.$n"; done
echo log > logs/app.log
echo log > logs/other.log
fill node_modules 2000
mkdir -p node_modules/.bin
fill web/node_modules 400
fill target/debug 1500
fill target/release/build 200
printf 'Signature: 8a477f597d28d172789f06886806bc55\n' > target/CACHEDIR.TAG
touch target/debug/shop target/debug/shop.d
fill dist 40
touch dist/server.js
fill build 300
fill web/dist 30
fill __pycache__ 12
touch __pycache__/cart.cpython-311.pyc
fill .pytest_cache 10
fill .mypy_cache 200
fill .venv 1200
touch .venv/pyvenv.cfg
mkdir -p .venv/bin
touch .venv/bin/activate
fill vendor/lib 150
fill .gradle 30
fill coverage 60

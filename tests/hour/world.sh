#!/bin/sh
# Sets up what the hour of work is done in, below $HOME: a bare repository that others pushed to, a
# folder that stands for another host's home, and logs that have grown.
#
#   HOME=/some/new/folder sh world.sh
set -eu
cd "$HOME"
mkdir -p .ssh .kube logs there/releases/1 there/releases/2 there/releases/3
chmod 700 .ssh
printf '[user]\n    name = Me\n    email = me@example.com\n[init]\n    defaultBranch = main\n' >.gitconfig
printf '[advice]\n    detachedHead = false\n[core]\n    pager = cat\n' >>.gitconfig
echo 'ssh-ed25519 AAAA me@example.com' >.ssh/authorized_keys

for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
    echo "day $n" >"logs/app.log.$n"
    touch -d '2020-01-01' "logs/app.log.$n"
done
echo 'today' >logs/app.log

# The other host.
echo 'welcome to box' >there/motd
printf '10:00 INFO up\n10:01 ERROR no route\n10:02 INFO done\n' >there/app.log
for n in 1 2 3; do echo "release $n" >"there/releases/$n/VERSION"; done
git init -q --bare there/mirror.git

# The project, pushed by somebody else.
git init -q first
cd first
mkdir -p src data scripts docs
printf 'shop\n\nSells things.\n' >README
printf 'shop main\nTODO greet\nthe end\n' >src/main.txt
printf 'shop cart\nan old cart\n' >src/cart.txt
printf 'shop order\nTODO an old order\n' >src/order.txt
printf 'id,item,price\n1,book,12\n2,pen,3\n3,book,11\n4,ink,7\n' >data/orders.csv
printf 'pear\napple\npear\nfig\n' >words.txt
printf 'how to sell\n' >docs/selling.md
printf 'build\n*.tar.gz\n*.bak\n' >.gitignore
cat >scripts/check.sh <<'CHECK'
#!/bin/sh
grep -q Sells README && echo checked
CHECK
cat >scripts/nightly.sh <<'NIGHTLY'
#!/bin/sh
# What cron runs: old logs go, the rest is built anew.
set -e
find "$HOME/logs" -name 'app.log.?' -mtime +30 -exec rm -f {} +
rm -rf build
make -s all
ls build | wc -l
NIGHTLY
cat >Makefile <<'MAKE'
OUT := $(patsubst src/%.txt,build/%.out,$(wildcard src/*.txt))

all: $(OUT)

build/%.out: src/%.txt
	@mkdir -p build
	tr a-z A-Z <$< >$@

test: all
	@grep -q SHOP build/main.out && echo passed

dist: all
	tar -czf shop.tar.gz build README

clean:
	rm -rf build

reset:
	rm -rf $(GONE)/*

.PHONY: all test dist clean reset
MAKE
git add -A
git commit -qm 'Start'
for n in 1 2 3 4; do
    echo "note $n" >>docs/selling.md
    git commit -qam "Say more ($n)"
done
cd ..
git clone -q --bare first shop.git
rm -rf first

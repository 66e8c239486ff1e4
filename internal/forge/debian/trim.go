package debian

import (
	"path"
	"strings"
)

// dropped is what no container reads, as patterns of trimmer.
var dropped = []string{
	"boot", "etc/alternatives/README", "etc/cron*", "etc/init.d", "etc/logrotate.d", "etc/update-motd.d", "etc/kernel", "etc/rmt",
	"usr/bin/routel", "usr/sbin/update-passwd", "usr/games", "usr/include", "usr/src",
	"usr/lib/*-linux-gnu/audit", "usr/lib/*-linux-gnu/gconv", "usr/lib/*-linux-gnu/pkgconfig",
	"usr/lib/*-linux-gnu/tc/q_atm.so", // needs ATM's library, which nothing brings
	"usr/lib/lsb", "usr/lib/python3", "usr/lib/systemd/catalog", "usr/lib/udev/hwdb.d",
	"usr/share/apport", "usr/share/apps", "usr/share/bash-completion", "usr/share/bug", "usr/share/debconf",
	"usr/share/debianutils", "usr/share/dict", "usr/share/doc", "usr/share/doc-base", "usr/share/emacs",
	"usr/share/fish", "usr/share/gcc", "usr/share/gdb", "usr/share/info", "usr/share/initramfs-tools",
	"usr/share/libgcrypt20", "usr/share/lintian", "usr/share/locale", "usr/share/man", "usr/share/menu", "usr/share/perl5",
	"usr/share/pixmaps", "usr/share/pkgconfig", "usr/share/vim", "usr/share/zsh",
	"var/backups", "var/cache/*", "var/lib/dpkg", "var/local", "var/log/*",
}

// kept is what dropped would take and licences ask for.
var kept = []string{"usr/share/doc/*/copyright"}

// trimmer decides which paths of a package are left out. A pattern of
// path.Match names a path and all below it; paths have no leading slash. Keep
// wins over drop.
type trimmer struct{ drop, keep []string }

func newTrimmer(s Spec) trimmer {
	return trimmer{drop: concat(dropped, s.Drop), keep: concat(kept, s.Keep)}
}

// drops tells whether name, a clean path, is left out.
func (t trimmer) drops(name string) bool {
	return covers(t.drop, name) && !covers(t.keep, name)
}

func covers(patterns []string, name string) bool {
	for _, pattern := range patterns {
		depth := strings.Count(pattern, "/") + 1
		head := strings.Join(firstN(strings.Split(name, "/"), depth), "/")
		if ok, _ := path.Match(pattern, head); ok {
			return true
		}
	}
	return false
}

func firstN(list []string, n int) []string {
	if len(list) < n {
		return list
	}
	return list[:n]
}

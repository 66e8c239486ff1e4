package debian

import "testing"

func TestDrops(t *testing.T) {
	trim := newTrimmer(Spec{
		Drop: []string{"usr/bin/ss", "usr/bin/dpkg*", "usr/lib/systemd/system/multi-user.target.wants/*"},
		Keep: []string{"usr/bin/dpkg-kept"},
	})
	for name, want := range map[string]bool{
		"usr/share/doc/bash/README":                            true,
		"usr/share/doc":                                        true,
		"usr/share/doc/bash/copyright":                         false,
		"usr/share/docs":                                       false,
		"usr/share/man/man1/ls.1.gz":                           true,
		"usr/share/locale/de/LC_MESSAGES/a.mo":                 true,
		"usr/lib/locale/C.utf8/LC_CTYPE":                       false,
		"usr/lib/x86_64-linux-gnu/gconv/A.so":                  true,
		"usr/lib/x86_64-linux-gnu/libc.so.6":                   false,
		"usr/bin/ss":                                           true,
		"usr/bin/ssh":                                          false,
		"usr/bin/dpkg-deb":                                     true,
		"usr/bin/dpkg-kept":                                    false,
		"usr/lib/systemd/system/multi-user.target.wants":       false,
		"usr/lib/systemd/system/multi-user.target.wants/getty": true,
		"usr/lib/systemd/system/sysinit.target.wants/journald": false,
		"var/log":           false,
		"var/log/dpkg.log":  true,
		"var/cache/a/b":     true,
		"etc/init.d/procps": true,
		"usr/bin":           false,
	} {
		if got := trim.drops(name); got != want {
			t.Errorf("drops(%q) = %v, want %v", name, got, want)
		}
	}
}

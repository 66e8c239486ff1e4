package main

import (
	"strings"
	"testing"
)

func TestDocument(t *testing.T) {
	tests := []struct {
		name, args, path string
		kind             documentKind
	}{
		{"create, as containerd calls it", "--root /run/exec --log /l --log-format json --systemd-cgroup create --bundle /b --pid-file /p run", "/b/config.json", configDocument},
		{"create without a cgroup manager", "--root /r --log /l --log-format json create --bundle /b --pid-file /p --console-socket /s exec", "/b/config.json", configDocument},
		{"exec, as containerd calls it", "--root /r --log /l --log-format json exec --process /tmp/p --console-socket /s --detach --pid-file /f create", "/tmp/p", processDocument},
		{"values after an equals sign", "--root=/r --rootless=true exec --process=/tmp/p name", "/tmp/p", processDocument},
		{"a value in the next argument", "--rootless auto --debug exec -p /tmp/p name", "/tmp/p", processDocument},
		{"one dash", "-root /r -debug create -bundle /b name", "/b/config.json", configDocument},
		{"run in the current directory", "run name", "config.json", configDocument},
		{"run with a short flag", "run -d -b /b name", "/b/config.json", configDocument},
		{"exec of a command line has no document", "exec name sh", "", processDocument},
		{"flags of the command that is executed", "exec -t name grep -p /etc/passwd", "", processDocument},
		{"flags after the end of flags", "exec --detach -- --process /x", "", processDocument},
		{"delete of a container called exec", "--root /r delete --force exec", "", 0},
		{"a root called run", "--root run state x", "", 0},
		{"a log called exec", "--log exec kill --all x 9", "", 0},
		{"the version", "--version", "", 0},
		{"a flag without its value", "--root", "", 0},
		{"nothing", "", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, kind := document(strings.Fields(tt.args))
			if path != tt.path || kind != tt.kind {
				t.Errorf("document(%q) = %q, %v; want %q, %v", tt.args, path, kind, tt.path, tt.kind)
			}
		})
	}
}

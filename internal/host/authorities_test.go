package host

import (
	"slices"
	"testing"
	"testing/fstest"
)

func TestAuthorities(t *testing.T) {
	root := fstest.MapFS{
		"usr/local/share/ca-certificates/corp.crt": {},
		"etc/ssl/certs/ca-certificates.crt":        {},
		"etc/corp/ca.pem":                          {},
		"opt/ca/one.pem":                           {},
	}
	redHat := fstest.MapFS{"etc/pki/ca-trust/source/anchors/corp.pem": {}}
	if got := authorities(redHat, func(string) string { return "" }); !slices.Equal(got, []string{"/etc/pki/ca-trust/source/anchors/"}) {
		t.Errorf("on Red Hat: %q", got)
	}
	tests := map[string]struct {
		dirs, file string
		want       []string
	}{
		"an administrator's":      {"", "", []string{"/usr/local/share/ca-certificates/"}},
		"the system's own":        {"/etc/ssl/certs/", "/etc/ssl/certs/ca-certificates.crt", []string{"/usr/local/share/ca-certificates/"}},
		"a file":                  {"", "/etc/corp/ca.pem", []string{"/etc/corp/ca.pem", "/usr/local/share/ca-certificates/"}},
		"folders":                 {"/opt/ca:/etc/corp:/usr/local/share/ca-certificates", "", []string{"/etc/corp/", "/opt/ca/", "/usr/local/share/ca-certificates/"}},
		"what is not there":       {"/nowhere", "/etc/corp/none.pem", []string{"/usr/local/share/ca-certificates/"}},
		"what is no place at all": {"..", "ca.pem", []string{"/usr/local/share/ca-certificates/"}},
	}
	for name, tt := range tests {
		environment := map[string]string{"SSL_CERT_DIR": tt.dirs, "SSL_CERT_FILE": tt.file}
		if got := authorities(root, func(variable string) string { return environment[variable] }); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if got := authorities(fstest.MapFS{}, func(string) string { return "" }); got != nil {
		t.Errorf("of an empty machine: %q", got)
	}
}

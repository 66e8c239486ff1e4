package host

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// authorityDirs are where administrators put certificates that a machine is to
// trust, on Debian and on Red Hat.
var authorityDirs = []string{"/usr/local/share/ca-certificates", "/etc/pki/ca-trust/source/anchors"}

// usualAuthorities are where systems keep the certificates that every machine
// trusts, as Go's crypto/x509 and OpenSSL know them.
var usualAuthorities = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
	"/etc/ssl/certs", "/etc/pki/tls/certs",
}

// authorities are the places with certificates of this machine's own: those of
// administrators, and those that SSL_CERT_DIR and SSL_CERT_FILE name.
func authorities(root fs.FS, getenv func(string) string) (found []string) {
	named := append(filepath.SplitList(getenv("SSL_CERT_DIR")), getenv("SSL_CERT_FILE"))
	for _, place := range append(slices.Clone(authorityDirs), named...) {
		place = path.Clean(place)
		inside := strings.TrimPrefix(place, "/")
		if !path.IsAbs(place) || slices.Contains(usualAuthorities, place) {
			continue
		}
		if entries, err := fs.ReadDir(root, inside); err == nil {
			if len(entries) > 0 {
				found = append(found, place+"/")
			}
		} else if file, err := fs.Stat(root, inside); err == nil && file.Mode().IsRegular() {
			found = append(found, place)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// authorities looks for certificates that this machine trusts and nodes do not.
// A cluster works without them: what it needs is brought into the nodes.
func (f Facts) authorities(Needs) []Finding {
	if len(f.Authorities) == 0 {
		return []Finding{{ID: "certificates", State: OK, Observed: "no certificate authorities of this machine's own were found"}}
	}
	// Where programs written in Go look as well, such as a node's containerd
	// (Go's crypto/x509, root_linux.go).
	mount := fmt.Sprintf("{hostPath: %s, containerPath: /etc/ssl/certs/own.pem}", f.Authorities[0])
	if dir, is := strings.CutSuffix(f.Authorities[0], "/"); is {
		mount = fmt.Sprintf("{hostPath: %s, containerPath: /etc/pki/tls/certs}", dir)
	}
	return []Finding{{ID: "certificates", State: OK, Observed: "this machine trusts authorities of its own, in " + strings.Join(f.Authorities, ", "),
		Effect: "nodes do not trust them, so a registry that needs them fails there with x509 errors",
		Fix:    "if nodes are to pull from such a registry, give each node of the configuration the certificates: mounts: [" + mount + "]"}}
}

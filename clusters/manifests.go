package clusters

import (
	"fmt"
	"net/url"
	"regexp"
)

// Manifest is a file of Kubernetes objects.
type Manifest struct {
	// File is a path on this machine; URL an address instead, of https.
	File string `yaml:"file,omitempty"`
	URL  string `yaml:"url,omitempty"`
	// SHA256 is what the content must hash to, in hexadecimal. What comes from
	// elsewhere must have it.
	SHA256 string `yaml:"sha256,omitempty"`
	// NoWait continues before the workloads of the manifest are ready.
	NoWait bool `yaml:"noWait,omitempty"`
}

// Source is where the manifest comes from.
func (m Manifest) Source() string { return m.File + m.URL }

var hexadecimal = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (v validator) validateManifests() {
	for i, m := range v.Manifests {
		at := fmt.Sprintf("manifests[%d]", i)
		address, err := url.Parse(m.URL)
		switch {
		case (m.File == "") == (m.URL == ""):
			v.report(at, "a manifest has either a file or a url")
			continue
		case m.URL != "" && (err != nil || address.Scheme != "https" || address.Host == ""):
			v.report(at+".url", "url %q: write an address that begins with https://", m.URL)
		case m.URL != "" && m.SHA256 == "":
			v.report(at+".url", "%s has no sha256, so it could be anything tomorrow; find it out: curl -fsSL %s | sha256sum", m.URL, m.URL)
		}
		if m.SHA256 != "" && !hexadecimal.MatchString(m.SHA256) {
			v.report(at+".sha256", "sha256 %q: write 64 digits of 0-9 and a-f", m.SHA256)
		}
	}
}

package diagnose

import "regexp"

// redacted stands where a credential stood.
const redacted = "[redacted]"

// credentials look the same wherever they stand: private keys in PEM, tokens of
// service accounts and of OIDC (JSON Web Tokens, RFC 7519), tokens that join a
// node (six and sixteen characters, as kubeadm makes them), and what an HTTP
// request authorises itself with.
var credentials = []*regexp.Regexp{
	regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)`),
	regexp.MustCompile(`\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+`),
	regexp.MustCompile(`\b[a-z0-9]{6}\.[a-z0-9]{16}\b`),
	regexp.MustCompile(`(?i)\b(?:bearer|basic) [\w.~+/=-]{16,}`),
}

// Redact takes out what looks like a credential. What a program logs in a form
// of its own stays.
func Redact(text []byte) []byte {
	for _, credential := range credentials {
		text = credential.ReplaceAll(text, []byte(redacted))
	}
	return text
}

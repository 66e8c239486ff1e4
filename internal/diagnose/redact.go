package diagnose

import "regexp"

// redacted stands where a credential stood.
const redacted = "[redacted]"

// credentials look the same wherever they stand: private keys in PEM, tokens of
// service accounts and of OIDC (JSON Web Tokens, RFC 7519), tokens that join a
// node (six and sixteen characters, as kubeadm makes them), and what an HTTP
// request authorizes itself with.
var credentials = []*regexp.Regexp{
	regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)`),
	regexp.MustCompile(`\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+`),
	regexp.MustCompile(`\b[a-z0-9]{6}\.[a-z0-9]{16}\b`),
	regexp.MustCompile(`\bLS0tLS1CRUdJTi[\w+/=-]{20,}`), // what begins with -----BEGIN, in base64
	regexp.MustCompile(`\b(?:gh[pousr]_\w{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[baprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|dckr_pat_[\w-]{20,})`),
	regexp.MustCompile(`(?i)\b(?:bearer|basic) [\w.~+/=-]{16,}`),
}

// named are credentials that one knows by the name before them, which stays:
// passwords and tokens of configuration and logs, the key that kubeadm packs
// certificates with, the user in an address.
var named = []*regexp.Regexp{
	regexp.MustCompile(`(?i)(\b[\w-]*(?:password|passwd|api[-_]?key|secret[-_]?key|access[-_]?key|client[-_]?secret|auth[-_]?token)\\?["']?\s*[:=]\s*\\?["']?)[^\s"'\\,}]+`),
	regexp.MustCompile(`(?i)(\b(?:token|secret)\\?["']?\s*[:=]\s*\\?["']?)[\w.~+/=-]{16,}`),
	regexp.MustCompile(`(?i)(\bcertificate-?key\\?["']?[\s:=]+\\?["']?)[0-9a-f]{64}\b`),
	regexp.MustCompile(`(\b\w+://)[^\s/:@"']+:[^\s/@"']+@`),
}

// Redact takes out what looks like a credential. What a program logs in a form
// of its own stays.
func Redact(text []byte) []byte {
	for _, credential := range credentials {
		text = credential.ReplaceAll(text, []byte(redacted))
	}
	for _, credential := range named {
		text = credential.ReplaceAll(text, []byte("${1}"+redacted))
	}
	return text
}

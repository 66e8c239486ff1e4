package verify

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// admissionDenial is a way in which admission refuses an object. It is no matter of
// rights, though the API server answers most of them like one.
type admissionDenial struct {
	words  []string // one of which is in the API server's message
	hint   string
	broken bool // it refuses everybody's, which is a fault of the cluster
}

// The words are those of Kubernetes: pod-security-admission, the plugins
// ResourceQuota and LimitRanger, and the dispatchers of webhooks and policies. The
// last ones of the first are OpenShift's.
var denials = []admissionDenial{
	{words: []string{"violates PodSecurity", "security context constraint"},
		hint: "admission keeps the pods of verifications out, though their namespace asks for " + PodSecurityLabel + "=" + PodSecurityPrivileged + "; have it let in what has the label " + RunLabel + ", or leave the check out with --skip. Look at the levels: kubectl get namespaces -L " + PodSecurityLabel},
	{words: []string{"exceeded quota", "failed quota", " usage per ", "limit to request ratio per "},
		hint: "let verifications create pods of 5m CPU and 16Mi of memory, limited to 500m and 64Mi, in a namespace of their own: kubectl get resourcequotas,limitranges -A"},
	{words: []string{"denied the request", "denied request"},
		hint: "have the webhook or policy that is named leave out namespaces with the label " + RunLabel + ": kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations,validatingadmissionpolicybindings"},
	{words: []string{"failed calling webhook"}, broken: true,
		hint: "bring back what serves the webhook that is named, without which nothing of that kind is created, or delete its configuration: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"},
}

// denialOf returns how admission refused what a request would have made.
func denialOf(err error) (found admissionDenial, is bool) {
	answer := apierrors.APIStatus(nil)
	if !errors.As(err, &answer) {
		return admissionDenial{}, false
	}
	said := answer.Status().Message
	at := slices.IndexFunc(denials, func(o admissionDenial) bool {
		return slices.ContainsFunc(o.words, func(words string) bool { return strings.Contains(said, words) })
	})
	if at < 0 {
		return admissionDenial{}, false
	}
	return denials[at], true
}

// DeniedByAdmission reports whether admission refuses an object, which is no matter of
// rights.
func DeniedByAdmission(err error) bool {
	_, denied := denialOf(err)
	return denied
}

// refused reports whether a request cannot be made at all: the user may not make
// it, or admission does not let it.
func refused(err error) bool {
	denial, denied := denialOf(err)
	return denied && !denial.broken || apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err)
}

// afterRefusal is the hint for a request that the API server refused for another
// reason than what the check is about; else it is empty.
func afterRefusal(err error, cni string) string {
	denial, denied := denialOf(err)
	switch {
	case denied:
		return denial.hint
	case apierrors.IsUnauthorized(err):
		return "renew the credentials, which may have expired: kubectl auth whoami"
	case apierrors.IsForbidden(err):
		return "have the user bound to these roles: kindctl verify --print-rbac --cni " + cmp.Or(cni, NoCNI)
	}
	return ""
}

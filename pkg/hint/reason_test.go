package hint

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"testing"
)

func TestCatalogueIsComplete(t *testing.T) {
	shape := regexp.MustCompile(`^[A-Z]+(_[A-Z]+)+$`)
	codes := []Code{Internal, Usage, Preflight, Creation, Verification, Timeout, NotFound, OfCommand}
	seen := map[string]bool{}
	for _, subject := range Catalog() {
		if subject.Title == "" || len(subject.Reasons) == 0 {
			t.Errorf("the subject %q has %d reasons", subject.Title, len(subject.Reasons))
		}
		for _, reason := range subject.Reasons {
			switch {
			case !shape.MatchString(reason.Name):
				t.Errorf("%q is not a name of a reason", reason.Name)
			case seen[reason.Name]:
				t.Errorf("two reasons are called %s", reason.Name)
			case !slices.Contains(codes, reason.Code):
				t.Errorf("%s has exit code %d", reason.Name, reason.Code)
			case reason.Cause == "" || reason.Remedy == "":
				t.Errorf("%s has cause %q and remedy %q; it must have both", reason.Name, reason.Cause, reason.Remedy)
			}
			seen[reason.Name] = true
		}
	}
}

func TestErrorsHaveTheirReason(t *testing.T) {
	cause := errors.New("no gas")
	wrapped := DockerMissing.Wrap(cause, "no soup", "pay the bill")
	plain := errors.New("cold")
	for _, tt := range []struct {
		err                  error
		code                 Code
		reason, text, advice string
	}{
		{DockerMissing.New("no soup", "wait"), Preflight, "DOCKER_MISSING", "no soup", "wait"},
		{wrapped, Preflight, "DOCKER_MISSING", "no soup: no gas", "pay the bill"},
		{Keep(wrapped, "no dinner"), Preflight, "DOCKER_MISSING", "no dinner: no soup: no gas", "pay the bill"},
		{Keep(plain, "no dinner"), Internal, "", "no dinner: cold", ""},
		{Keep(context.Canceled, "no dinner"), Interrupted, "", "no dinner: context canceled", ""},
	} {
		if CodeOf(tt.err) != tt.code || ReasonOf(tt.err) != tt.reason || tt.err.Error() != tt.text || AdviceOf(tt.err) != tt.advice {
			t.Errorf("%v has code %d, reason %q and advice %q", tt.err, CodeOf(tt.err), ReasonOf(tt.err), AdviceOf(tt.err))
		}
	}
	if !errors.Is(wrapped, cause) {
		t.Error("the cause is lost")
	}
}

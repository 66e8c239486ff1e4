package debian

import (
	"bytes"
	"testing"
)

func TestInputs(t *testing.T) {
	base := Spec{Name: "a", Suite: "bookworm", Packages: []string{"bash"}, Extends: &Spec{Name: "b", Packages: []string{"dash"}}}
	if !bytes.Equal(base.Inputs(), base.Inputs()) {
		t.Fatal("the same Spec has different inputs")
	}
	changes := map[string]func(*Spec){
		"suite":      func(s *Spec) { s.Suite = "trixie" },
		"package":    func(s *Spec) { s.Packages = []string{"bash", "dash"} },
		"alone":      func(s *Spec) { s.Alone = []string{"dpkg"} },
		"assume":     func(s *Spec) { s.Assume = []string{"perl"} },
		"drop":       func(s *Spec) { s.Drop = []string{"usr"} },
		"keep":       func(s *Spec) { s.Keep = []string{"usr"} },
		"dirs":       func(s *Spec) { s.Dirs = []string{"srv"} },
		"link":       func(s *Spec) { s.Links = map[string]string{"a": "b"} },
		"user":       func(s *Spec) { s.Users = []User{{Name: "x"}} },
		"no base":    func(s *Spec) { s.Extends = nil },
		"other base": func(s *Spec) { s.Extends = &Spec{Name: "b", Packages: []string{"zsh"}} },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			changed := base
			change(&changed)
			if bytes.Equal(base.Inputs(), changed.Inputs()) {
				t.Error("the change is not among the inputs")
			}
		})
	}
}

func TestInputsHoldTheProgram(t *testing.T) {
	inputs := Userland.Inputs()
	for _, text := range []string{"func bundleCertificates", "func (t trimmer) drops"} {
		if !bytes.Contains(inputs, []byte(text)) {
			t.Errorf("the source with %q is not among the inputs", text)
		}
	}
	if bytes.Contains(inputs, []byte("func TestInputsHoldTheProgram")) {
		t.Error("tests are among the inputs")
	}
}

func TestClosureLeavesTheSpecAlone(t *testing.T) {
	before := len(Cilium.Packages)
	all := Cilium.closure()
	if len(all.Packages) != before+len(NetworkTools.Packages)+len(Userland.Packages) || len(Cilium.Packages) != before {
		t.Errorf("closure has %d packages, the spec %d", len(all.Packages), len(Cilium.Packages))
	}
}

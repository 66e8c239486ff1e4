package hint

import "testing"

func TestClosest(t *testing.T) {
	commands := []string{"up", "down", "verify", "version", "status", "start", "stop"}
	for _, tt := range []struct{ word, want string }{
		{"upp", "up"}, {"UP", "up"}, {"pu", "up"}, {"dwon", "down"}, {"verfiy", "verify"}, {"versions", "version"}, {"satrt", "start"},
		{"", ""}, {"x", ""}, {"zzz", ""}, {"delete", ""}, {"vision", "version"}, {"create", ""},
	} {
		if got := Closest(tt.word, commands); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.word, got, tt.want)
		}
	}
	if got := Closest("fsh", []string{"bash", "zsh", "fish"}); got != "fish" {
		t.Errorf("of two that are as close: %q, want the one with the same first letter", got)
	}
	if got := Nearest("celium", []string{"calico", "cilium"}); got != ` (did you mean "cilium"?)` {
		t.Errorf("the phrase is %q", got)
	}
	if got := Nearest("flannel", []string{"calico", "cilium"}); got != "" {
		t.Errorf("the phrase is %q, want none", got)
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "bc", 1}, {"abc", "xbc", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q and %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := distance(tt.b, tt.a); got != tt.want {
			t.Errorf("%q and %q: %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAbsentFrom(t *testing.T) {
	everything := map[string]bool{}
	for _, name := range capabilityNames {
		everything["CAP_"+name] = true
	}
	tests := []struct {
		name, mask string
		want       map[string]bool
	}{
		{"nothing lacks", "000001ffffffffff", map[string]bool{}},
		{"one lacks", "000001fffeffffff", map[string]bool{"CAP_SYS_RESOURCE": true}},
		{"two lack", "000001fffeffffdf", map[string]bool{"CAP_SYS_RESOURCE": true, "CAP_KILL": true}},
		{"first and last", "000000fffffffffe", map[string]bool{"CAP_CHOWN": true, "CAP_CHECKPOINT_RESTORE": true}},
		{"a newer kernel", "ffffffffffffffff", map[string]bool{}},
		{"everything lacks", "0", everything},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := absentFrom(tt.mask)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("absentFrom(%s) (-want +got):\n%s", tt.mask, diff)
			}
		})
	}
	for _, mask := range []string{"", "zz", "1ffffffffffffffff"} {
		if got, err := absentFrom(mask); err == nil {
			t.Errorf("absentFrom(%q) = %v, want an error", mask, got)
		}
	}
}

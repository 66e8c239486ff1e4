package snapshot

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSurplus(t *testing.T) {
	now := time.Now()
	var found []Manifest
	for _, cluster := range []string{"lab", "shop"} {
		for _, days := range []int{30, 8, 1} {
			found = append(found, Manifest{Cluster: cluster, Name: strconv.Itoa(days), Created: now.AddDate(0, 0, -days)})
		}
	}
	for name, tt := range map[string]struct {
		before time.Time
		keep   int
		want   []string
	}{
		"all":                   {now, 0, []string{"lab/30", "lab/8", "lab/1", "shop/30", "shop/8", "shop/1"}},
		"old ones":              {now.AddDate(0, 0, -7), 0, []string{"lab/30", "lab/8", "shop/30", "shop/8"}},
		"all but two":           {now, 2, []string{"lab/30", "shop/30"}},
		"old ones, all but one": {now.AddDate(0, 0, -7), 1, []string{"lab/30", "lab/8", "shop/30", "shop/8"}},
		"more stay than are":    {now, 4, nil},
	} {
		var got []string
		for _, m := range Surplus(found, tt.before, tt.keep) {
			got = append(got, m.Cluster+"/"+m.Name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

package compare

import (
	"math"
	"testing"
)

func TestSpreadOf(t *testing.T) {
	tests := []struct {
		name   string
		sample []float64
		want   Spread
	}{
		{"none", nil, Spread{}},
		{"one", []float64{4}, Spread{4, 4, 4}},
		{"an odd number, in any order", []float64{9, 1, 5}, Spread{5, 1, 9}},
		{"an even number", []float64{8, 2, 4, 6}, Spread{5, 2, 8}},
		{"an outlier does not move the middle", []float64{1, 2, 3, 4, 1000}, Spread{3, 1, 1000}},
	}
	for _, tt := range tests {
		if got := SpreadOf(tt.sample); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	sample := []float64{3, 1, 2}
	if SpreadOf(sample); sample[0] != 3 {
		t.Error("the sample was sorted in place")
	}
}

func TestSlope(t *testing.T) {
	tests := []struct {
		name string
		x, y []float64
		want float64
		ok   bool
	}{
		{"a line", []float64{1, 3, 5, 8}, []float64{12, 16, 20, 26}, 2, true},
		{"two points", []float64{3, 8}, []float64{30, 50}, 4, true},
		{"points beside a line", []float64{0, 1, 2}, []float64{0, 3, 3}, 1.5, true},
		{"one number of nodes", []float64{3, 3}, []float64{30, 31}, 0, false},
		{"one point", []float64{3}, []float64{30}, 0, false},
		{"none", nil, nil, 0, false},
	}
	for _, tt := range tests {
		if got, ok := Slope(tt.x, tt.y); math.Abs(got-tt.want) > 1e-9 || ok != tt.ok {
			t.Errorf("%s: %v, %v; want %v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

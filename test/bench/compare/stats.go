package compare

import "slices"

// Spread is the middle of a sample and its ends.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// SpreadOf returns the spread of a sample; that of none is zero.
func SpreadOf(sample []float64) Spread {
	if len(sample) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(sample))
	n := len(sorted)
	return Spread{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Min: sorted[0], Max: sorted[n-1]}
}

// Slope is that of the straight line through points with the least squares of
// errors, and false when all points have the same x.
func Slope(x, y []float64) (slope float64, ok bool) {
	n := float64(len(x))
	var meanX, meanY float64
	for i := range x {
		meanX += x[i] / n
		meanY += y[i] / n
	}
	var covariance, variance float64
	for i := range x {
		covariance += (x[i] - meanX) * (y[i] - meanY)
		variance += (x[i] - meanX) * (x[i] - meanX)
	}
	if variance == 0 {
		return 0, false
	}
	return covariance / variance, true
}

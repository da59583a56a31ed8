package sense

import (
	"math"
	"slices"
)

// rhythm says how regular the gaps between contacts are, and how alike their sizes.
type rhythm struct {
	median float64 // of the gaps, in their unit
	spread float64 // their median absolute deviation from it
	near   float64 // the share of gaps within 35 % of the median, 0 to 1
	skew   float64 // Bowley's: how unlike the quarters on both sides of the median are, -1 to 1
	size   float64 // the median of the sizes; 0 where they are not known
	folded bool    // contacts seem to be missing, and were reckoned with
	alike  float64 // 1 where all sizes are the same, 0 where their median deviation is half their median or more
}

// rhythmOf measures gaps and sizes, of which there may be none. It sorts both in place.
func rhythmOf(gaps, sizes []float64) rhythm {
	if len(gaps) == 0 {
		return rhythm{}
	}
	slices.Sort(gaps)
	fold := folded(gaps)
	if fold {
		slices.Sort(gaps)
	}
	q1, m, q3 := quantile(gaps, 0.25), quantile(gaps, 0.5), quantile(gaps, 0.75)
	r := rhythm{median: m, spread: deviation(gaps, m), folded: fold}
	if q3 > q1 {
		r.skew = (q1 + q3 - 2*m) / (q3 - q1)
	}
	for _, g := range gaps {
		if math.Abs(g-m) <= 0.35*m {
			r.near++
		}
	}
	r.near /= float64(len(gaps))
	if len(sizes)*2 > len(gaps) {
		slices.Sort(sizes)
		if r.size = quantile(sizes, 0.5); r.size > 0 {
			r.alike = max(0, 1-deviation(sizes, r.size)/(0.5*r.size))
		}
	}
	return r
}

// folded divides gaps that are two or three times the usual one, because a contact between was not seen, and reports
// whether it did. It leaves the list as it is where less than half of the gaps are single ones: then there is no usual one.
func folded(sorted []float64) bool {
	limit := 1.6 * quantile(sorted, 0.25)
	n, _ := slices.BinarySearch(sorted, limit)
	if n == 0 {
		return false
	}
	base := quantile(sorted[:n], 0.5)
	single, twice := 0, 0
	for _, g := range sorted {
		switch {
		case g < 1.5*base:
			single++
		case g < 3.5*base:
			twice++
		}
	}
	if twice == 0 || 2*single < len(sorted) {
		return false
	}
	for i, g := range sorted {
		if k := math.Round(g / base); k == 2 || k == 3 {
			sorted[i] = g / k
		}
	}
	return true
}

// score says from 0 to 1 how much the rhythm is that of a program which reports at intervals, jitter or not. A program
// that spreads its gaps evenly by 30 % to both sides gets some 0.75, a person who reads pages 0.4 at most. n is how many
// gaps there were.
func (r *rhythm) score(n int) float64 {
	if r.median <= 0 {
		return 0
	}
	even := max(0, 1-r.spread/r.median/0.3)
	sum := 0.4*even + 0.2*max(0, 2*r.near-1) + 0.1*(1-math.Abs(r.skew)) + 0.1*min(1, float64(n)/24)
	if r.folded {
		sum -= 0.04
	}
	if r.size > 0 {
		return sum + 0.2*r.alike
	}
	return sum / 0.8
}

// quantile returns the value below which a share of a sorted list is.
func quantile(sorted []float64, share float64) float64 {
	at := share * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// deviation returns the median of how far the values of a list are from one of them.
func deviation(list []float64, from float64) float64 {
	var room [64]float64
	off := room[:0]
	for _, x := range list {
		off = append(off, math.Abs(x-from))
	}
	slices.Sort(off)
	return quantile(off, 0.5)
}

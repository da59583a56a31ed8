package report

import (
	"slices"
	"time"
)

// maxBuckets bounds a histogram.
const maxBuckets = 120

// histogram counts hits by time and severity. The buckets start one second wide and double until maxBuckets hold all
// times; where they begin and end depends on the times alone, not on their order.
type histogram struct {
	shift   uint  // a bucket is 1<<shift seconds wide
	base    int64 // the number of the first bucket: its start is base<<shift seconds after 1970
	buckets []bucket
}

// bucket counts the hits of each severity.
type bucket [len(levels)]int64

func (h *histogram) add(t time.Time, severity int) {
	at := t.Unix() >> h.shift
	if len(h.buckets) == 0 {
		h.base, h.buckets = at, make([]bucket, 1, maxBuckets)
	}
	for max(at, h.base+int64(len(h.buckets))-1)-min(at, h.base) >= maxBuckets {
		h.double()
		at = t.Unix() >> h.shift
	}
	for at < h.base {
		h.buckets = slices.Insert(h.buckets, 0, make([]bucket, h.base-at)...)
		h.base = at
	}
	for at >= h.base+int64(len(h.buckets)) {
		h.buckets = append(h.buckets, bucket{})
	}
	h.buckets[at-h.base][severity]++
}

// double makes the buckets twice as wide.
func (h *histogram) double() {
	base := h.base >> 1
	end := (h.base+int64(len(h.buckets))-1)>>1 + 1
	wide := make([]bucket, end-base, maxBuckets)
	for i := range h.buckets {
		to := &wide[(h.base+int64(i))>>1-base]
		for s, n := range h.buckets[i] {
			to[s] += n
		}
	}
	h.base, h.buckets = base, wide
	h.shift++
}

// width returns how much time a bucket is.
func (h *histogram) width() time.Duration { return time.Duration(1<<h.shift) * time.Second }

// start returns when bucket i begins.
func (h *histogram) start(i int) time.Time { return time.Unix((h.base+int64(i))<<h.shift, 0).UTC() }

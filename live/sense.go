package live

import "github.com/tocsin-sec/tocsin/detect"

// sense gives the detectors what they want to know of a delivery, and lets them go on to where correlations are: until
// then, earlier events may come.
func (a *applier) sense(list []detect.Sighting) {
	if a.senses == nil {
		return
	}
	a.senses.Observe(list, a.found)
	a.senses.Advance(a.live.Watermark(), a.found)
}

// found takes a finding of a detector: rules say what becomes of it.
func (a *applier) found(f *detect.Finding) {
	for _, h := range a.judge(f) {
		a.correlated(h)
	}
}

package live

import (
	"cmp"
	"slices"
	"time"
)

// SourceStatus is what is known of a source since the line was opened, or before: an origin and its sender.
type SourceStatus struct {
	Path   string    `json:"path"`             // a file, or the input that it came by
	Sender string    `json:"sender,omitempty"` // the peer's address, or the name in its certificate
	Format string    `json:"format"`           // of what came last
	Events int64     `json:"events"`           // since the line was opened
	First  time.Time `json:"first"`            // arrival of the first
	Last   time.Time `json:"last"`             // and of the last
	Pause  float64   `json:"longest_pause"`    // seconds, between two deliveries
	Silent bool      `json:"silent"`
	Learnt bool      `json:"learnt"`                // it has spoken often enough that its silence is noticed
	Off    float64   `json:"clock_off,omitempty"`   // seconds, of its clock from this machine's, as last seen
	Wrong  bool      `json:"clock_wrong,omitempty"` // it is found wrong
}

// sourcesEvery is how often what is known of sources is made ready to be asked for.
const sourcesEvery = int64(5 * time.Second)

// Sources returns what is known of the sources, silent ones first, then by name; it is a few seconds old.
func (l *Line) Sources() []SourceStatus {
	list := l.known.Load()
	if list == nil {
		return []SourceStatus{}
	}
	out := slices.Clone(*list)
	slices.SortFunc(out, func(a, b SourceStatus) int {
		silent := 0
		if a.Silent != b.Silent {
			if silent = 1; a.Silent {
				silent = -1
			}
		}
		return cmp.Or(silent, cmp.Compare(a.Path, b.Path), cmp.Compare(a.Sender, b.Sender))
	})
	return out
}

// publish makes what is known of sources ready to be asked for.
func (w *watch) publish(now int64) {
	if now-w.published < sourcesEvery && now >= w.published && len(w.sources) == w.count {
		return
	}
	w.published, w.count = now, len(w.sources)
	list := make([]SourceStatus, 0, len(w.sources))
	for key, s := range w.sources {
		list = append(list, SourceStatus{
			Path: key.path, Sender: key.sender, Format: s.format, Events: s.events, First: time.Unix(0, s.first).UTC(), Last: time.Unix(0, s.last).UTC(),
			Pause: time.Duration(s.longest).Seconds(), Silent: s.silent, Learnt: w.line.opt.Silence > 0 || s.spoken >= spokenTimes, Off: s.off.Seconds(), Wrong: s.wrong != 0,
		})
	}
	w.line.known.Store(&list)
}

package live

import (
	"context"

	"github.com/tocsin-sec/tocsin/sight"
)

// Sight gives the detectors sightings of events that are kept already, such as those that a new list of indicators names.
// It waits while there is no room for them; it is for any goroutine, while Run runs.
func (l *Line) Sight(ctx context.Context, list []sight.Sighting) error {
	if len(list) == 0 {
		return nil
	}
	select {
	case l.sighted <- list:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// maxSighted bounds the lists that wait for the applier.
const maxSighted = 16

// looked gives the detectors what Sight was given since the last time.
func (a *applier) looked() {
	for range maxSighted {
		select {
		case list := <-a.sighted:
			a.senses.detectors.Observe(list, a.found)
		default:
			return
		}
	}
}

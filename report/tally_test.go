package report

import (
	"fmt"
	"testing"
)

// The names seen most often are told wherever in the run they come, and no count is greater than the truth.
func TestTallyFindsLateOffenders(t *testing.T) {
	for _, c := range []struct {
		name   string
		before int // names that are seen once, before the offender comes
		among  int // names that are seen once for each time that the offender is
	}{
		{"few", 10, 0},
		{"after more names than are kept", 100_000, 0},
		{"among others", 50_000, 2},
		{"in a flood of others", 0, 20},
	} {
		var tally tally
		other := 0
		for range c.before {
			tally.add(fmt.Sprint("other", other))
			other++
		}
		const seen = 3000
		for range seen {
			tally.add("offender")
			for range c.among {
				tally.add(fmt.Sprint("other", other))
				other++
			}
		}
		list, more, whole := tally.top(2)
		if list[0].name != "offender" || list[0].count > seen || list[0].count < seen*9/10 {
			t.Errorf("%s: %v, want offender with %d", c.name, list, seen)
		}
		if more > 2*maxNames || whole != (other < 2*maxNames) || len(tally.counts) > 2*maxNames {
			t.Errorf("%s: %d more, whole %v of %d", c.name, more, whole, other)
		}
		if whole && (list[0].count != seen || more != other-1) {
			t.Errorf("%s: few names are counted exactly: %v and %d more", c.name, list, more)
		}
	}
}

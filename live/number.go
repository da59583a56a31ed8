package live

import (
	"context"
	"fmt"
	"time"
)

// asking is how long a start waits for a store to tell which frames it has seen.
const asking = 10 * time.Second

// earliest is before this program was written: a clock that is behind it is wrong.
var earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// seen returns a number that no frame is above that the store has seen. A store that does not answer, such as a server that
// is down, must not keep events from being taken in. Then it is the number of milliseconds since 1970: a log has fewer
// frames than that, and one that began at such a number has got less than a frame each millisecond since.
func (l *Line) seen() (uint64, error) {
	n, ok := l.opt.Store.(Numbered)
	if !ok {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), asking)
	defer cancel()
	highest, err := n.Highest(ctx)
	if err == nil {
		return highest, nil
	}
	now := l.opt.Now()
	if now.Before(earliest) {
		return 0, fmt.Errorf("ask the store which events it has: %w; and the clock says %s", err, now.UTC().Format(time.RFC3339))
	}
	l.opt.Log.Warn("the store does not say which events it has; what comes in is kept in the write-ahead log until it does, numbered so that it cannot be mistaken for others", "error", err)
	return uint64(now.UnixMilli()), nil
}

package terminal

import (
	"os"
	"strings"
	"sync"
	"time"
)

// redraw is how often the line of progress changes.
const redraw = 125 * time.Millisecond

// Watch shows on a terminal the line that line returns, again and again, until stop is called, which erases it. Line is
// called by another goroutine. Where no person reads f, nothing is shown. Stop may be called more than once.
func Watch(f *os.File, line func(now time.Time) string) (stop func()) {
	if !Person(f) {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(redraw)
		defer t.Stop()
		shown := false
		for {
			select {
			case <-end:
				if shown {
					f.WriteString("\r\x1b[K")
				}
				return
			case now := <-t.C:
				f.WriteString("\r" + cut(Safe(line(now)), columns(f)-1) + "\x1b[K")
				shown = true
			}
		}
	}()
	return sync.OnceFunc(func() { close(end); <-ended })
}

// Bar draws a share from 0 to 1 as that many columns.
func Bar(share float64, columns int) string {
	full := min(max(int(share*float64(columns)+0.5), 0), columns)
	return strings.Repeat("█", full) + strings.Repeat("░", columns-full)
}

package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// containerLine reads a line as containerd and CRI-O write it, "2024-03-03T09:12:44.120Z stdout F text": what the
// container wrote is read as a line of its own file would be. Its time is when the runtime saw it.
// Source: Kubernetes, "CRI logging" (the KEP on log format), stream and tag.
func (p *lineParser) containerLine(line string, out *event.Batch) bool {
	if len(line) < 32 || line[10] != 'T' {
		return false
	}
	end := strings.IndexByte(line[:min(len(line), 40)], ' ')
	if end < 20 || !strings.HasPrefix(line[end+1:], "std") {
		return false
	}
	stream, rest, ok := strings.Cut(line[end+1:], " ")
	if !ok || stream != "stdout" && stream != "stderr" || len(rest) < 3 || rest[0] != 'F' && rest[0] != 'P' || rest[1] != ' ' {
		return false
	}
	ns, n := parseTimePrefix(line[:end], nil)
	if n == 0 {
		return false
	}
	first := len(out.Events)
	p.line(rest[2:], out)
	for i := first; i < len(out.Events); i++ {
		e := &out.Events[i]
		e.Time, e.Raw = ns, line
	}
	return len(out.Events) > first
}

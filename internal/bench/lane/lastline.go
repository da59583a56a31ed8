package lane

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Summary is what the last line of a hunt tells.
type Summary struct {
	Events, Hits int
	Bytes        int64
	Rules        struct{ Loaded, Refused int }
}

// LastLine keeps the last line of what is written to it, up to 8 MiB.
type LastLine struct{ data []byte }

func (l *LastLine) Write(p []byte) (int, error) {
	const keep = 8 << 20
	if l.data = append(l.data, p...); len(l.data) > 2*keep {
		l.data = append(l.data[:0], l.data[len(l.data)-keep:]...)
	}
	return len(p), nil
}

// Line returns it.
func (l *LastLine) Line() string {
	text := strings.TrimSpace(string(l.data))
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// Summary reads the line as the last of tocsin hunt --json.
func (l *LastLine) Summary() (s Summary, err error) {
	if err = json.Unmarshal([]byte(l.Line()), &s); err != nil {
		return s, fmt.Errorf("the last line of tocsin hunt: %w", err)
	}
	return s, nil
}

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

// Summary reads the line as the last of tocsin hunt --json.
func (l *LastLine) Summary() (s Summary, err error) {
	text := strings.TrimSpace(string(l.data))
	text = text[strings.LastIndexByte(text, '\n')+1:]
	if err = json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("the last line of tocsin hunt: %w", err)
	}
	return s, nil
}

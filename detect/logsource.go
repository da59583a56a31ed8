package detect

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// SourceWords names a log source in one line: "product windows, category process_creation".
func SourceWords(s event.LogSource) string {
	var parts []string
	for _, p := range [...][2]string{{"product", s.Product}, {"category", s.Category}, {"service", s.Service}} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+p[1])
		}
	}
	if parts == nil {
		return "no known log source"
	}
	return strings.Join(parts, ", ")
}

package main

import (
	"fmt"
	"slices"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/feeds"
	"github.com/tocsin-sec/tocsin/sight"
	"github.com/tocsin-sec/tocsin/terminal"
)

// indicators loads the lists that events are held against.
func (h *hunt) indicators(opt *detect.Options) error {
	if len(h.lists) == 0 {
		return nil
	}
	set, status := feeds.Load(h.lists, h.data)
	for i := range status {
		s := &status[i]
		switch {
		case s.Error != "" && slices.Contains(h.intel, s.From):
			return fmt.Errorf("hunt: --intel %s: %s", s.From, s.Error)
		case s.Error != "":
			h.warnings = append(h.warnings, fmt.Sprintf("the list of indicators %s was not used: %s", s.Name, terminal.SafeLines(s.Error)))
		case s.Unread > 0:
			h.warnings = append(h.warnings, fmt.Sprintf("%d parts of the list of indicators %s could not be read, e.g. %s; tocsin intel list tells more",
				s.Unread, s.Name, terminal.SafeLines(s.Problems[0])))
		}
	}
	if set.Len() > 0 {
		opt.Indicators = &sight.Indicators{}
		opt.Indicators.Use(set)
	}
	return nil
}
